// A door may have no network: what was opened once opens again.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { lost, visit } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { holdBest, openSeats, pay, tickets, toCheckout } from "./support/walk.mjs";

evening();

test("tickets that were opened open again without a network, and so do the others of the order", async () => {
  const { page, context, leave } = await visit(browser, shop, { expected: [lost(/^\//, /^ERR_INTERNET_DISCONNECTED$/)] });
  await openSeats(page, event);
  await holdBest(page, 2);
  await toCheckout(page);
  await pay(page);
  const [first, second] = await tickets(page, 2);
  for (const diary of [`${new URL(page.url()).pathname}/calendar.ics`, `${first}/calendar.ics`]) {
    const entry = await context.request.get(diary);
    assert.match(entry.headers()["content-type"], /^text\/calendar/, diary);
    const text = await entry.text();
    for (const line of [/^BEGIN:VCALENDAR/, /\nDTSTART:\d{8}T\d{6}Z/, /\nSUMMARY:./]) assert.match(text, line, diary);
  }
  await page.goto(first);
  await page.locator("html[data-kept='2']").waitFor({ state: "attached" });
  const look = () => page.locator(".ticket").evaluate((ticket) => JSON.stringify(getComputedStyle(ticket), Object.keys(getComputedStyle(ticket))));
  const drawn = await look();
  await context.setOffline(true);
  await page.reload();
  await page.locator(".scan svg").waitFor();
  assert.equal(await look(), drawn, "it looks as it did");
  await page.getByRole("link", { name: "Next ticket" }).click();
  await page.getByText("Ticket 2 of 2").waitFor();
  assert.equal(new URL(page.url()).pathname, second);
  await page.reload();
  await page.getByText("Ticket 2 of 2").waitFor();
  // Tickets are kept and nothing else.
  await assert.rejects(page.goto("/"), /ERR_INTERNET_DISCONNECTED/);
  await context.setOffline(false);
  await page.goto(first);
  await page.getByText("Ticket 1 of 2").waitFor();
  await leave();
});

/** What the worker answers to a request for `path`, where the shop does what `shop` says and `kept` was kept. */
function answered(path, { kept, shop }) {
  const hears = {};
  runInNewContext(readFileSync(new URL("../server/src/http/pages/offline.js", import.meta.url), "utf8"), {
    addEventListener: (name, hear) => (hears[name] = hear),
    caches: { open: async () => ({ match: async ({ url }) => kept[url] }) },
    fetch: shop,
    // Time passes at once, but after whatever is ready.
    setTimeout: (then, _, value) => setTimeout(then, 50, value),
  });
  return new Promise((then) => hears.fetch({ request: { method: "GET", mode: "navigate", url: path }, respondWith: then }));
}

test("a kept ticket is shown where the shop is silent or in trouble, and the shop's word where it has one", async () => {
  const kept = { "/tickets/a": "kept" };
  const silent = () => new Promise(() => {});
  const lost = async () => assert.fail("no network");
  const says = (status) => async () => ({ status });
  assert.equal(await answered("/tickets/a", { kept, shop: silent }), "kept");
  assert.equal(await answered("/tickets/a", { kept, shop: lost }), "kept");
  assert.equal(await answered("/tickets/a", { kept, shop: says(503) }), "kept");
  assert.deepEqual(await answered("/tickets/a", { kept, shop: says(404) }), { status: 404 }, "a ticket that is gone is gone");
  const asked = async (path, how) => ({ status: 200, path, how: how?.cache });
  assert.deepEqual(await answered("/tickets/a", { kept, shop: asked }), { status: 200, path: "/tickets/a", how: "no-cache" }, "and what the browser keeps is not asked");
  assert.deepEqual(await answered("/tickets/b", { kept, shop: says(503) }), { status: 503 }, "there is nothing else");
  await assert.rejects(answered("/tickets/b", { kept, shop: lost }), /no network/);
});
