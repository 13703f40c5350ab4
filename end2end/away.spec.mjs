// The server is started anew behind somebody's back: whoever hears of it late asks for the forgotten seats all the same, and
// nobody asks for seats that somebody paid for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { between } from "./support/between.mjs";
import { lost, refused, visit } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { holdBest, inBasket, openSeats, pay, tickets, toCheckout } from "./support/walk.mjs";

evening();

/** What a seat page asks for while one is on it. */
const ours = /^\/api\/v1\/(events\/[^/]+\/(holds|availability(\/stream)?)|holds\/[^/]+)$/;

const live = (page) => page.locator("#live", { hasText: "Live" }).waitFor();
const holds = (request) => request.method() === "POST" && request.url().endsWith("/holds");

test("seats that were forgotten behind a balancer are asked for again, and the stream soon too", async () => {
  const balancer = await between(shop);
  const { page, leave } = await visit(browser, balancer, { expected: [...[410, 502, 503].map((status) => refused(status, ours)), lost(ours, /^ERR_/)] });
  await openSeats(page, event);
  await live(page);
  await holdBest(page, 2);
  // The balancer's refusal ends the browser's own tries: the page hears of the new house by asking.
  const refusal = page.waitForResponse((answer) => answer.url().includes("/stream") && answer.status() === 502);
  balancer.away = true;
  await shop.restart();
  await refusal;
  // Nor is the first question after the hold answered.
  await page.route("**/api/v1/holds/*", (route) => route.fulfill({ status: 503, body: "" }), { times: 1 });
  const again = page.waitForResponse((answer) => holds(answer.request()) && answer.ok());
  balancer.away = false;
  const back = performance.now();
  await again;
  await live(page);
  const took = performance.now() - back;
  assert.ok(took < 45_000, `live again after ${Math.round(took)} ms, not with those who were refused`);
  await inBasket(page, 2);
  await page.reload();
  await inBasket(page, 2);
  await leave();
  await balancer.close();
});

test("seats that were paid for in another window are not asked for again, though the server is another one", async () => {
  const expected = [refused(410, ours), lost(ours, /^ERR_/)];
  const { context, page: one, leave } = await visit(browser, shop, { expected });
  await openSeats(one, event);
  await live(one);
  await holdBest(one, 2);
  // One window hears nothing from now on.
  await one.route("**/api/v1/**", (route) => route.abort());
  await one.evaluate(() => dispatchEvent(new Event("offline")));
  const two = await context.newPage();
  await openSeats(two, event);
  await toCheckout(two);
  await pay(two);
  await tickets(two, 2);
  await two.close();
  await shop.restart();
  let asked = 0;
  one.on("request", (request) => (asked += Number(holds(request))));
  await one.unroute("**/api/v1/**");
  await inBasket(one, 0);
  assert.equal(asked, 0);
  await leave();
});
