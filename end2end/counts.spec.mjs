// The counts of the pages before the seats keep themselves fresh: an event's by its stream, or, where that cannot be had,
// by looking again now and then, as the list does; and a stream that was refused is asked for again. What there is to press
// comes and goes with them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PHONE, refused, visit } from "./support/browser.mjs";
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

/** A page that looks again by the clock in the test's hand; `answer` says what the n-th look is told. */
async function looking(page, path, answer) {
  let looks = 0;
  await page.route(`${shop.base}${path}`, (route) => {
    looks += 1;
    return answer(route, looks);
  });
  await page.clock.install();
  await page.goto(path);
  const passes = await stopClock(page);
  return (until) => passes(45, until);
}

test("where a sale opens while somebody looks there is something to press, and the cursor stays on it", async () => {
  const path = `/events/${event.slug}`;
  const soon = (await shop.events()).all.find(({ status }) => status === "announced");
  const { page, leave } = await visit(browser, shop, PHONE);
  let [from, price] = [soon.slug, ""];
  const until = await looking(page, path, async (route) => {
    // It looked like this one before its sale.
    const response = await route.fetch({ url: `${shop.base}/events/${from}` });
    const body = await response.text();
    return route.fulfill({ response, body: price ? body.replaceAll(/from €[\d.]+/g, `from ${price}`) : body });
  });
  await page.getByText("On sale soon").first().waitFor();
  const choose = page.getByRole("link", { name: "Choose seats" });
  const fast = page.getByRole("button", { name: "2 best seats together" });
  assert.equal(await choose.count(), 0);
  from = event.slug;
  await until(async () => (await choose.count()) > 0);
  assert.deepEqual([await choose.count(), await fast.count()], [2, 1], "among the prices and at the bottom");
  const bottom = page.locator(".tocta a");
  await bottom.focus();
  price = "€1.23";
  await until(async () => (await bottom.innerText()).includes(price));
  assert.match(await bottom.innerText(), /from €1\.23/);
  assert.equal(await bottom.evaluate((link) => link === document.activeElement), true, "the cursor is where it was");
  from = soon.slug;
  await until(async () => (await choose.count()) === 0);
  assert.deepEqual([await choose.count(), await fast.count()], [0, 0], "what cannot be had cannot be pressed");
  await leave();
});

test("what is next on stage is another event once the first is gone, its button too", async () => {
  const { page, leave } = await visit(browser, shop);
  const other = (await shop.events()).large;
  let first;
  const until = await looking(page, "/", async (route, looks) => {
    const response = await route.fetch();
    const body = await response.text();
    return route.fulfill({ response, body: looks === 1 ? body : body.replaceAll(first, other.slug) });
  });
  const button = page.locator(".next a.btn");
  [first] = (await button.getAttribute("href")).match(/(?<=^\/events\/)[^/]+/);
  assert.notEqual(first, other.slug);
  const goes = async () => (await button.getAttribute("href")) === `/events/${other.slug}/seats`;
  await until(goes);
  assert.ok(await goes(), "it leads to the other event");
  await leave();
});
