// The counts of the pages before the seats keep themselves fresh: an event's by its stream, or, where that cannot be had,
// by looking again now and then, as the list does; and a stream that was refused is asked for again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { refused, visit } from "./support/browser.mjs";
import { stopClock } from "./support/clock.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { hold, letGo } from "./support/others.mjs";

evening({ PARTERRE_HOLDS_PER_ADDRESS: "1000" });

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let holds = [];

/** Others hold every box of the theatre. */
async function takeTheBoxes() {
  const { page, leave } = await visit(browser, shop, { javaScriptEnabled: false });
  await page.goto(`/events/${event.slug}/seats`);
  for (const href of await page.locator(".sections a", { hasText: /^Box/ }).evaluateAll((links) => links.map((link) => link.getAttribute("href")))) {
    await page.goto(href);
    const seats = await page.locator(".seatset input").evaluateAll((fields) => fields.map((field) => Number(field.value)));
    holds.push(await hold(shop, event, { seats }));
  }
  assert.ok(holds.length >= 4, "there are boxes");
  await leave();
}

/** They think better of it. */
async function giveBack() {
  for (const held of holds) await letGo(shop, held);
  holds = [];
}

const boxes = (page) => page.locator("[data-live=tiers] li", { hasText: "Box" });

/** The page's time, in milliseconds. */
const clock = (page) => page.evaluate(() => Date.now());

test("an event's counts come by themselves while somebody looks", async () => {
  const { page, leave } = await visit(browser, shop);
  const listens = page.waitForResponse((answer) => answer.url().includes("/availability/stream"));
  await page.goto(`/events/${event.slug}`);
  await listens;
  await page.evaluate(() => (window.stayed = true));
  assert.doesNotMatch(await boxes(page).innerText(), /all held/);
  await takeTheBoxes();
  await boxes(page).getByText("all held").waitFor();
  await giveBack();
  await boxes(page).getByText("all held").waitFor({ state: "detached" });
  assert.equal(await page.evaluate(() => window.stayed), true, "the page was not loaded anew");
  await leave();
});

test("without a stream an event's counts come by looking again, and the stream is asked for again", async () => {
  const { page, leave } = await visit(browser, shop, { expected: [refused(429, /\/availability\/stream$/)] });
  let listened = 0;
  await page.route("**/availability/stream*", (route) => {
    listened += 1;
    return listened === 1 ? route.fulfill({ status: 429, body: "" }) : route.continue();
  });
  await page.clock.install();
  const began = await clock(page);
  const first = page.waitForResponse("**/availability/stream*");
  await page.goto(`/events/${event.slug}`);
  await first;
  const passes = await stopClock(page);
  await takeTheBoxes();
  const byHand = await passes(45, async () => listened > 1 && (await boxes(page).getByText("all held").count()) > 0);
  const all = ((await clock(page)) - began) / 1_000;
  assert.ok(all >= 15 && byHand < 45, `within half a minute, and not at once: ${byHand} of ${all}`);
  assert.equal(listened, 2, "the stream is asked for again, and then it is there");
  await giveBack();
  await leave();
});

test("the list looks again now and then, and changes nothing but its counts", async () => {
  const { page, leave } = await visit(browser, shop);
  let looks = 0;
  await page.route(`${shop.base}/`, async (route) => {
    looks += 1;
    if (looks === 1) return route.continue();
    const response = await route.fetch();
    const body = (await response.text()).replaceAll("<h1", "<h1 data-new").replaceAll(/(data-live="[^"]+"[^>]*>)/g, "$1<i>fresh</i>");
    return route.fulfill({ response, body });
  });
  await page.clock.install();
  const began = await clock(page);
  await page.goto("/");
  const passes = await stopClock(page);
  const byHand = await passes(45, async () => (await page.locator("[data-live] > i", { hasText: "fresh" }).count()) > 0);
  const all = ((await clock(page)) - began) / 1_000;
  assert.ok(all >= 15 && byHand < 45, `within half a minute, and not at once: ${byHand} of ${all}`);
  assert.equal(await page.locator("[data-live]").count(), await page.locator("[data-live] > i").count(), "every count is fresh");
  assert.equal(await page.locator("h1[data-new]").count(), 0, "the rest is as it was");
  // Nobody who looks elsewhere asks.
  const before = looks;
  await page.evaluate(() => Object.defineProperty(document, "visibilityState", { get: () => "hidden" }));
  await page.clock.runFor(60_000);
  await pause(300);
  assert.equal(looks, before, "nobody looked");
  await leave();
});
