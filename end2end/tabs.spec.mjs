// One visitor, two windows: what is held is held in both, and what one of them does shows in the other.
import assert from "node:assert/strict";
import { test } from "node:test";
import { refused, visit } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { awake, basket, fillCard, holdBest, inBasket, openLiveList, openSeats, pay, tickets, toCheckout } from "./support/walk.mjs";

evening();

/** Whoever lets go elsewhere is told "gone" by the server, who changed the basket elsewhere that it is another one, and the console says so. */
const gone = { expected: [refused(410, /^\/api\/v1\/holds\//), refused(409, /^\/checkout\//)] };

/** A visitor with a second window; both hear what others do. */
async function twoWindows() {
  const visitor = await visit(browser, shop, gone);
  const other = await visitor.context.newPage();
  return { ...visitor, one: visitor.page, two: other };
}

/** The seconds that the basket's clock shows. */
async function clock(page) {
  const [minutes, seconds] = (await page.locator("#left").innerText()).split(":");
  return Number(minutes) * 60 + Number(seconds);
}

// The first of them, as a house with gaps lets nobody go from two seats to one where that leaves a seat alone.
test("a basket that was changed in another window is shown before it is paid for", async () => {
  const { one, two, leave } = await twoWindows();
  await openSeats(one, event);
  await holdBest(one, 2);
  await toCheckout(one);
  await awake(one);
  await openSeats(two, event);
  await inBasket(two, 2);
  await two.locator("aside.side li.item button").first().click();
  await inBasket(two, 1);
  await pay(one);
  await one.getByText("Your basket was changed in another window").waitFor();
  assert.equal(await one.getByLabel("Name", { exact: true }).inputValue(), "Sample Buyer");
  await fillCard(one);
  await one.getByRole("button", { name: /^Pay / }).click();
  await tickets(one, 1);
  await leave();
});

// The device's clock says nothing about the seats' time.
test("a device whose clock is wrong shows the server's time", async (t) => {
  for (const [hours, how] of [[1, "an hour ahead"], [-1, "an hour behind"]]) await t.test(how, () => wrongClock(hours * 3_600_000));
});

async function wrongClock(off) {
  const { page, leave } = await visit(browser, shop);
  await page.addInitScript((off) => {
    const [Real, real] = [Date, Date.now.bind(Date)];
    window.Date = class extends Real {
      constructor(...given) {
        super(...(given.length > 0 ? given : [real() + off]));
      }
      static now() {
        return real() + off;
      }
    };
  }, off);
  const right = async (where) => {
    // Once it has ticked, by the device's clock or not.
    const before = await page.locator("#left").innerText();
    await page.waitForFunction((before) => document.querySelector("#left").textContent !== before, before);
    const left = await clock(page);
    assert.ok(left > 300 && left <= 600, `${where}: ${left} seconds of ten minutes`);
  };
  await openSeats(page, event);
  assert.ok(Math.abs((await page.evaluate(() => Date.now())) - Date.now() - off) < 60_000, "the clock is wrong");
  await holdBest(page, 1);
  await right("after the hold");
  await page.reload();
  await awake(page);
  await right("after a reload");
  await toCheckout(page);
  await awake(page);
  await right("at the checkout");
  await leave();
}

const live = (page) => page.locator("#live", { hasText: "Live" }).waitFor();

test("a hold is seen and kept in a second window", async () => {
  const { one, two, leave } = await twoWindows();
  await openSeats(one, event);
  await holdBest(one, 2);
  const held = await basket(one);
  await openLiveList(two, event, 0);
  assert.deepEqual(await basket(two), held, "both show the same seats");
  // A page that stands still for a moment shows the time of before.
  let [here, there] = [0, 600];
  for (let looks = 0; looks < 20 && Math.abs(here - there) > 2; looks += 1) [here, there] = await Promise.all([clock(one), clock(two)]);
  assert.ok(Math.abs(here - there) <= 2, `both clocks show the same time: ${here} and ${there}`);
  // One more in the second window: the two of before are kept with it.
  await two.locator("#live-rows button.seat[aria-pressed=false]").last().click();
  await inBasket(two, 3);
  const all = await basket(two);
  for (const seat of held) assert.ok(all.includes(seat), `${seat} is kept`);
  await one.reload();
  await inBasket(one, 3);
  assert.deepEqual(await basket(one), all);
  await leave();
});

test("what is let go in one window goes in the other", async () => {
  const { one, two, leave } = await twoWindows();
  await openSeats(one, event);
  await holdBest(one, 2);
  await openSeats(two, event);
  await inBasket(two, 2);
  await Promise.all([live(one), live(two)]);
  await two.getByRole("button", { name: "Let them go" }).click();
  await inBasket(two, 0);
  await inBasket(one, 0);
  await leave();
});

test("what is paid for in one window is no longer to be paid in the other", async () => {
  const { one, two, leave } = await twoWindows();
  await openSeats(one, event);
  await holdBest(one, 2);
  await live(one);
  await openSeats(two, event);
  await toCheckout(two);
  await pay(two);
  await tickets(two, 2);
  await inBasket(one, 0);
  await leave();
});
