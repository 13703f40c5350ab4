// The rules of a choice are asked in the browser: a press that they forbid is answered there and then, and nothing is sent.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lost, refused, visit } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { hold } from "./support/others.mjs";
import { basket, holdBest, inBasket, openList, openLiveList, openSeats } from "./support/walk.mjs";

evening();

test("the rules are asked before anything is sent", async () => {
  const { page, leave } = await visit(browser, shop);
  await openLiveList(page, event, 0);
  const sent = [];
  page.on("request", (request) => request.method() === "POST" && sent.push(request.url()));
  const [notice, seats] = [page.locator("#notice"), page.locator("#live-rows button.seat")];
  // The second seat of a row: the first would be left alone.
  await seats.nth(1).click();
  await notice.getByText(/would leave seat .* alone/).waitFor();
  assert.deepEqual(sent, []);
  // What would do instead is a press away, and that is asked for.
  await notice.getByRole("button").click();
  await inBasket(page, 1);
  assert.equal(sent.length, 1);
  await holdBest(page, 10);
  assert.equal(sent.length, 2);
  const free = page.locator("#live-rows button.seat:not([aria-pressed=true]):not([aria-disabled=true])");
  await free.first().click();
  await notice.getByText("One basket takes at most 10 places. Please choose fewer.").waitFor();
  assert.equal(sent.length, 2, "the eleventh is not asked for");
  await inBasket(page, 10);
  await leave();
});

test("letting go of the middle one says what to let go of instead", async () => {
  const { page, leave } = await visit(browser, shop);
  await openSeats(page, event);
  await holdBest(page, 3);
  const notice = page.locator("#notice");
  await page.getByRole("button", { name: /^Remove / }).nth(1).click();
  await notice.getByText(/would leave seat .* alone, .* Let go of another one instead, or of all of them\.$/).waitFor();
  assert.equal(await notice.getByRole("button").count(), 0, "nobody who wants fewer is offered more");
  await inBasket(page, 3);
  await page.getByRole("button", { name: "Let them go" }).click();
  await page.getByText("What you choose is kept for you for ten minutes, free of charge.").waitFor();
  await leave();
});

test("how many of a price one buys is the server's to say, whatever an old page knows", async () => {
  const { page, leave } = await visit(browser, shop);
  // A page from before the promoter allowed more than one.
  await page.route(`**/events/${event.slug}/seats`, async (route) => {
    const response = await route.fetch();
    const old = (await response.text()).replaceAll(/(max_purchase(?:&quot;|"):)\d+/g, "$11");
    assert.match(old, /max_purchase(&quot;|"):1\b/);
    await route.fulfill({ response, body: old });
  });
  await openLiveList(page, event, 0);
  const seats = page.locator("#live-rows button.seat");
  await seats.nth(0).click();
  await inBasket(page, 1);
  await seats.nth(1).click();
  await inBasket(page, 2);
  assert.equal(await page.locator("#notice .notice").count(), 0);
  await leave();
});

/** An event with seats and standing places. */
const seatsAndStanding = async () =>
  (await shop.events()).all.find(({ chart, tiers, status }) => chart && status === "on_sale" && tiers.some(({ category }) => category === null));

/** Somebody else takes a seat. */
const takes = (event, seat) => hold(shop, event, { seats: [seat] });

for (const hears of [true, false]) {
  test(`what is offered is taken with the standing places that were asked for${hears ? "" : ", by a page that hears nothing"}`, async () => {
    const expected = [refused(422, /\/holds$/), lost(/\/availability(\/stream)?$/)];
    const { page, leave } = await visit(browser, shop, { expected });
    if (!hears) await page.route("**/availability/stream*", (route) => route.abort());
    const both = await seatsAndStanding();
    await (hears ? openLiveList : openList)(page, both, 0);
    const rows = page.locator("#live-rows .seatset");
    const whole = await rows.evaluateAll((rows) => rows.findIndex((row) => [...row.children].slice(1, 7).every((seat) => seat.matches("button.seat[aria-pressed=false]"))));
    assert.ok(whole >= 0, "a row with six free seats");
    const row = rows.nth(whole).locator("button.seat");
    for (const at of [2, 3]) {
      await row.nth(at).click();
      await inBasket(page, at - 1);
    }
    // The first of the two that are left beside them goes to somebody else: the other is alone now.
    const other = Number((await row.nth(0).getAttribute("id")).slice(1));
    if (!hears) await page.route("**/availability*", (route) => route.abort());
    await takes(both, other);
    if (hears) await page.locator(`#s${other}[aria-disabled=true]`).waitFor();
    await page.locator(".tierpick select").first().selectOption("2");
    await page.getByRole("button", { name: "Hold tickets" }).click();
    const notice = page.locator("#notice");
    await notice.getByText(/alone/).waitFor();
    await notice.getByRole("button", { name: "Take these 2 seats" }).click();
    await inBasket(page, 3);
    assert.match((await basket(page)).join(), /2 × /, "the standing places too");
    await page.getByRole("button", { name: "Let them go" }).click();
    await inBasket(page, 0);
    await leave();
  });
}

test("what is offered is taken with the standing places that were asked for without JavaScript", async () => {
  const { page, leave } = await visit(browser, shop, { javaScriptEnabled: false });
  const both = await seatsAndStanding();
  await page.goto(`/events/${both.slug}/seats`);
  await page.locator(".sections a").first().click();
  const rows = page.locator(".seatset");
  await rows.first().waitFor();
  const whole = await rows.evaluateAll((rows) => rows.findIndex((row) => [...row.children].slice(1, 7).every((seat) => seat.querySelector("input"))));
  assert.ok(whole >= 0, "a row with six free seats");
  const row = rows.nth(whole).locator("input");
  const other = Number(await row.nth(0).getAttribute("value"));
  for (const at of [2, 3]) await row.nth(at).check();
  await page.getByRole("button", { name: "Hold these seats" }).click();
  await page.locator("li.item").nth(1).waitFor();
  assert.equal(await page.locator("li.item").count(), 2);
  await takes(both, other);
  await page.locator(".tierpick select").first().selectOption("2");
  await page.getByRole("button", { name: "Hold tickets" }).click();
  await page.getByRole("button", { name: "Take these 2 seats" }).click();
  await page.locator("li.item").nth(2).waitFor();
  assert.equal(await page.locator("li.item").count(), 3);
  assert.match((await basket(page)).join(), /2 × /, "the standing places too");
  await leave();
});
