// Time runs out in one window, and another window knows better: nobody is told of a loss that there was not.
import assert from "node:assert/strict";
import { beside, inTime } from "./support/beside.mjs";
import { refused, visit } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { awake, basket, holdBest, inBasket, openSeats, pay, tickets, toCheckout } from "./support/walk.mjs";

const HOLD = 30;
evening({ PARTERRE_HOLD_SECONDS: String(HOLD) });

const expected = [refused(410, /^\/api\/v1\/holds\//), refused(409, /^\/checkout\//)];

/** A visitor at the checkout with the best seat, and a second window. */
async function atCheckout() {
  const { context, page, leave } = await visit(browser, shop, { expected });
  await openSeats(page, event);
  await holdBest(page, 1);
  await toCheckout(page);
  await awake(page);
  return { one: page, two: await context.newPage(), leave };
}

/** Takes ten more minutes in this window. */
async function takeMoreTime(page) {
  const [asked] = await Promise.all([page.waitForResponse(/\/extend$/), page.getByRole("button", { name: "Give me ten more minutes" }).click()]);
  assert.equal(asked.status(), 200);
}

/** Until the time that there was at first is over for every clock. */
const outlast = (page) => page.waitForTimeout(HOLD * 1_000 + 1_500);

const ranOut = /time ran out/i;

async function paidElsewhere() {
  const { one, leave } = await inTime(HOLD, async () => {
    const { one, two, leave } = await atCheckout();
    await two.goto(one.url());
    await pay(two);
    await tickets(two, 1);
    return { one, leave };
  });
  await one.waitForURL(/\/orders\//);
  await tickets(one, 1);
  await leave();
}

async function moreTimeElsewhere() {
  const { one, leave } = await inTime(HOLD, async () => {
    const { one, two, leave } = await atCheckout();
    await one.getByLabel("Name", { exact: true }).fill("Sample Buyer");
    await openSeats(two, event);
    await inBasket(two, 1);
    await takeMoreTime(two);
    return { one, leave };
  });
  await outlast(one);
  // The page is led to where that is decided, and from there back.
  await one.locator("#left").getByText(/^(9|10):/).waitFor();
  await one.waitForFunction(() => document.querySelector("[name=name]")?.value === "Sample Buyer");
  assert.match(new URL(one.url()).pathname, /^\/checkout\//);
  await leave();
}

async function heldLongerElsewhere() {
  const { one, seats, leave } = await inTime(HOLD, async () => {
    const { context, page: one, leave } = await visit(browser, shop, { expected: [...expected, refused(503, /^\/api\/v1\/holds\//)] });
    const two = await context.newPage();
    await openSeats(one, event);
    await holdBest(one, 2);
    const seats = await basket(one);
    await openSeats(two, event);
    await inBasket(two, 2);
    // This window hears nothing of it.
    await one.route(/\/api\/v1\/holds\//, (route) => route.fulfill({ status: 503, body: "" }));
    await takeMoreTime(two);
    return { one, seats, leave };
  });
  await one.waitForTimeout(2_000);
  await one.unroute(/\/api\/v1\/holds\//);
  await outlast(one);
  assert.equal(await one.getByText(ranOut).count(), 0);
  assert.deepEqual(await basket(one), seats);
  await leave();
}

async function tooLateWithoutScripts() {
  const { page, leave } = await inTime(HOLD, async () => {
    const { page, leave } = await visit(browser, shop, { javaScriptEnabled: false });
    await page.goto(`/events/${event.slug}/seats`);
    await page.locator(".sections a").last().click();
    await page.locator(".seatrow input[type=checkbox]").first().check();
    await page.getByRole("button", { name: "Hold these seats" }).click();
    await toCheckout(page);
    return { page, leave };
  });
  await outlast(page);
  await pay(page);
  await page.getByRole("heading", { level: 1, name: ranOut }).waitFor();
  // A house that stood still says that it is busy, and what is on the page before can be pressed again.
  for (let presses = 1; ; presses += 1) {
    const answered = page.waitForResponse((answer) => answer.request().method() === "POST");
    const [answer] = await Promise.all([answered, page.waitForEvent("load"), page.getByRole("button", { name: "Take the same seat again" }).click()]);
    if (answer.status() !== 503 || presses === 5) break;
    await Promise.all([page.waitForEvent("load"), page.goBack()]);
  }
  assert.equal(await page.locator("li.item").count(), 1, await page.locator("body").innerText());
  await leave();
}

const walk = beside();
walk("whoever paid in another window is led to the order", paidElsewhere);
walk("time that was taken in another window is time here, and what was typed stays", moreTimeElsewhere);
walk("a hold that is held longer in another window stays in the basket of this one", heldLongerElsewhere);
walk("whoever pays too late takes the same seats again by one press, without scripts too", tooLateWithoutScripts);
