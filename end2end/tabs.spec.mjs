// One visitor, two windows: what is held is held in both, and what one of them does shows in the other.
import assert from "node:assert/strict";
import { test } from "node:test";
import { refused, visit } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { awake, basket, holdBest, inBasket, openLiveList, openSeats, pay, tickets, toCheckout } from "./support/walk.mjs";

evening();

/** Whoever lets go elsewhere is told "gone" by the server, and the console says so. */
const gone = { expected: [refused(410, /^\/api\/v1\/holds\//)] };

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
    await page.waitForTimeout(1_200);
    const left = await clock(page);
    assert.ok(left > 570 && left <= 600, `${where}: ${left} seconds of ten minutes`);
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
  const [here, there] = await Promise.all([clock(one), clock(two)]);
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
