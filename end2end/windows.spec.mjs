// Time runs out in one window, and another window knows better: nobody is told of a loss that there was not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { refused, visit } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { awake, basket, fillCard, holdBest, inBasket, openSeats, pay, tickets, toCheckout } from "./support/walk.mjs";

const HOLD = 12;
evening({ PARTERRE_HOLD_SECONDS: String(HOLD) });

const expected = [refused(410, /^\/api\/v1\/holds\//), refused(409, /^\/checkout\//)];

/** A visitor at the checkout with the best seats, and a second window. */
async function atCheckout(seats) {
  const { context, page, leave } = await visit(browser, shop, { expected });
  await openSeats(page, event);
  await holdBest(page, seats);
  await toCheckout(page);
  await awake(page);
  return { one: page, two: await context.newPage(), leave };
}

/** Until the time that there was at first is over for every clock. */
const outlast = (page) => page.waitForTimeout(HOLD * 1_000 + 1_500);

const ranOut = /time ran out/i;

test("whoever paid in another window is led to the order", async () => {
  const { one, two, leave } = await atCheckout(1);
  await two.goto(one.url());
  await pay(two);
  await tickets(two, 1);
  await one.waitForURL(/\/orders\//, { timeout: (HOLD + 15) * 1_000 });
  await tickets(one, 1);
  await leave();
});

test("time that was taken in another window is time here, and what was typed stays", async () => {
  const { one, two, leave } = await atCheckout(1);
  await one.getByLabel("Name", { exact: true }).fill("Sample Buyer");
  await openSeats(two, event);
  await inBasket(two, 1);
  const [asked] = await Promise.all([two.waitForResponse(/\/extend$/), two.getByRole("button", { name: "Give me ten more minutes" }).click()]);
  assert.equal(asked.status(), 200);
  await outlast(one);
  assert.match(new URL(one.url()).pathname, /^\/checkout\//);
  assert.equal(await one.getByLabel("Name", { exact: true }).inputValue(), "Sample Buyer");
  assert.notEqual(await one.locator("#left").innerText(), "0:00");
  await leave();
});

test("a hold that is held longer in another window stays in the basket of this one", async () => {
  const { context, page: one, leave } = await visit(browser, shop, { expected });
  const two = await context.newPage();
  await openSeats(one, event);
  await holdBest(one, 2);
  const seats = await basket(one);
  await openSeats(two, event);
  await inBasket(two, 2);
  // This window hears nothing of it.
  await one.route(/\/api\/v1\/holds\//, (route) => route.fulfill({ status: 503, body: "" }));
  const [asked] = await Promise.all([two.waitForResponse(/\/extend$/), two.getByRole("button", { name: "Give me ten more minutes" }).click()]);
  assert.equal(asked.status(), 200);
  await one.waitForTimeout(2_000);
  await one.unroute(/\/api\/v1\/holds\//);
  await outlast(one);
  assert.equal(await one.getByText(ranOut).count(), 0);
  assert.deepEqual(await basket(one), seats);
  await leave();
});

test("a basket that was changed in another window is shown before it is paid for", async () => {
  const { one, two, leave } = await atCheckout(2);
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

test("whoever pays too late takes the same seats again by one press, without scripts too", async () => {
  const { page, leave } = await visit(browser, shop, { javaScriptEnabled: false });
  await page.goto(`/events/${event.slug}/seats`);
  await page.locator(".sections a").first().click();
  await page.locator(".seatrow input[type=checkbox]").first().check();
  await page.getByRole("button", { name: "Hold these seats" }).click();
  await toCheckout(page);
  await outlast(page);
  await pay(page);
  assert.match(await page.locator("h1").innerText(), ranOut);
  await page.getByRole("button", { name: "Take the same seat again" }).click();
  assert.equal(await page.locator("li.item").count(), 1);
  await leave();
});
