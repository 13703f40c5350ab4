// Where an event goes while somebody looks at it, nobody is asked any more and the page says what to do; what is refused
// for a moment is asked again, by each visitor at a time of their own.
import assert from "node:assert/strict";
import { test } from "node:test";
import { write } from "./support/books.mjs";
import { refused, visit } from "./support/browser.mjs";
import { stopClock } from "./support/clock.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { holdBest, inBasket, openLiveList, openSeats } from "./support/walk.mjs";

evening();

const GONE = "Load the page again to see why.";
const expected = [...[401, 403, 404, 410, 425, 429, 503].map((status) => refused(status, /\/availability(\/stream)?$/)), refused(409, /\/holds$/)];
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Answers a request so, and nothing else. */
const answer = (status) => (route) => route.fulfill({ status, body: "" });

test("an event that is gone is said to be gone and asked about no more", async () => {
  const { page, leave } = await visit(browser, shop, { expected });
  let asked = 0;
  await page.route("**/availability", (route) => {
    asked += 1;
    return asked === 1 ? answer(503)(route) : answer(404)(route);
  });
  await page.clock.install();
  await page.goto(`/events/${event.slug}/seats`);
  await page.locator("#notice", { hasText: GONE }).waitFor();
  const passes = await stopClock(page);
  await passes(30);
  assert.equal(asked, 2, "a busy house is asked again, one that is gone is not");
  assert.equal(await page.locator("#still-list").count(), 1, "the server's list stays");
  await leave();
});

test("an event that goes while one looks at it is asked about no more, also after a sleep", async () => {
  const { page, leave } = await visit(browser, shop, { expected });
  await page.addInitScript(() => {
    const real = Date.now.bind(Date);
    window.slept = 0;
    Date.now = () => real() + window.slept;
  });
  let [asked, listened, there] = [0, 0, true];
  await page.route("**/availability/stream*", (route) => {
    listened += 1;
    return answer(429)(route);
  });
  await page.route("**/availability", (route) => {
    asked += 1;
    return there ? route.continue() : answer(410)(route);
  });
  await openSeats(page, event);
  await page.locator("#live", { hasText: "every few seconds" }).waitFor();
  await holdBest(page, 2);
  there = false;
  await page.locator("#notice", { hasText: GONE }).waitFor();
  // What stood here before is so no more.
  await page.locator("#live", { hasText: GONE }).waitFor();
  const before = [asked, listened];
  await page.evaluate(() => (window.slept = 60_000));
  await pause(7_000);
  assert.deepEqual([asked, listened], before, "nothing was asked or listened to");
  // What a press is answered stays to be read.
  await page.route("**/holds", (route) => route.fulfill({ status: 409, contentType: "application/problem+json", body: JSON.stringify({ status: 409, code: "seats_taken", detail: "Somebody was quicker." }) }));
  await page.getByRole("button", { name: "Best 2 together" }).click();
  await page.locator("#notice", { hasText: "Somebody was quicker." }).waitFor();
  await pause(1_500);
  assert.match(await page.locator("#notice").innerText(), /Somebody was quicker\./);
  assert.deepEqual([asked, listened], before, "nor after a press");
  await page.getByRole("button", { name: "Let them go" }).click();
  await inBasket(page, 0);
  await leave();
});

test("an event that its promoter takes back is not called live any more", async () => {
  const { page, leave } = await visit(browser, shop, { expected });
  await openLiveList(page, event, 0);
  const become = (status) => write(shop, `UPDATE events SET status = '${status}' WHERE id = '${event.id}'`);
  await become("draft");
  try {
    await page.locator("#live", { hasText: GONE }).waitFor();
    assert.match(await page.locator("#notice").innerText(), new RegExp(GONE));
  } finally {
    await become("on_sale");
  }
  // Whoever loads the page again sees what there is now, as soon as the shop has heard of it.
  while (!(await fetch(`${shop.base}/events/${event.slug}/seats`)).ok) await pause(250);
  await openLiveList(page, event, 0);
  await leave();
});

for (const status of [401, 403, 425]) {
  test(`who is refused by ${status} asks again`, async () => {
    const { page, leave } = await visit(browser, shop, { expected });
    let asked = 0;
    await page.route("**/availability", (route) => {
      asked += 1;
      return asked === 1 ? answer(status)(route) : route.continue();
    });
    await openLiveList(page, event, 0);
    assert.equal(await page.locator("#notice", { hasText: GONE }).count(), 0);
    await leave();
  });
}

/**
 * Seconds until a stream that was refused is asked for again, by somebody whose chance is always this: those that the clock was
 * led by hand, and all since it was refused.
 */
async function again(chance) {
  const { page, leave } = await visit(browser, shop, { expected });
  await page.addInitScript((chance) => (Math.random = () => chance), chance);
  await page.clock.install();
  const clock = () => page.evaluate(() => Date.now());
  let [listened, began] = [0, 0];
  await page.route("**/availability/stream*", async (route) => {
    listened += 1;
    began ||= await clock();
    return answer(429)(route);
  });
  const first = page.waitForResponse("**/availability/stream*");
  await openSeats(page, event);
  await first;
  // From here on the page's time goes by these steps alone, however long they take.
  const passes = await stopClock(page);
  const byHand = await passes(150, () => listened > 1);
  const all = ((await clock()) - began) / 1_000;
  await leave();
  return { byHand, all };
}

test("streams that were refused together are not asked for together", async () => {
  const [early, late] = await Promise.all([again(0), again(0.999)]);
  const told = JSON.stringify({ early, late });
  assert.ok(early.all >= 50 && early.byHand <= 75, `a minute later: ${told}`);
  assert.ok(late.all >= early.all + 15 && late.byHand <= 110, `and up to half a minute more: ${told}`);
});
