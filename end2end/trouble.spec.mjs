// When the house is busy, the line is dead or the server is started anew: nothing is done twice, and there is a way on.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lost, refused, visit } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { awake, basket, drawn, fillCard, holdBest, inBasket, openSeats, soon, tickets, toCheckout } from "./support/walk.mjs";

evening();

/** What a seat page asks for while one is on it. */
const ours = /^\/api\/v1\/(events\/[^/]+\/(holds|availability(\/stream)?)|holds\/[^/]+(\/extend)?)$/;
const expected = [
  lost(ours, /^ERR_(FAILED|INTERNET|CONNECTION|INCOMPLETE)/),
  refused(503, /^\/api\/v1\/(events\/[^/]+\/)?holds(\/|$)/),
  refused(410, /^\/api\/v1\/holds\//),
];
const busy = (code, detail = "One moment, then press again.") => ({
  status: 503,
  contentType: "application/problem+json",
  headers: { "retry-after": "1" },
  body: JSON.stringify({ type: "about:blank", title: "Busy", status: 503, code, detail }),
});

/** Lets `meet` have the first `times` requests of `method` to `pattern`; answers with the keys of all of them. */
async function trouble(page, pattern, method, times, meet) {
  const keys = [];
  await page.route(pattern, async (route) => {
    if (route.request().method() !== method) return route.continue();
    keys.push(await route.request().headerValue("idempotency-key"));
    return keys.length <= times ? meet(route, keys.length) : route.continue();
  });
  return keys;
}

async function press(page, quantity) {
  await page.locator("#quantity").fill(String(quantity));
  await page.locator("#quantity").blur();
  await page.getByRole("button", { name: quantity === 1 ? "Best seat" : `Best ${quantity} together` }).click();
}

const held = (page) => page.evaluate(() => document.querySelectorAll("aside.side li.item").length);
const notice = (page, words) => page.locator("#notice").getByText(words).first().waitFor();

for (const code of ["busy", "unconfirmed"]) {
  test(`a house that says ${code} is asked again with the same key`, async () => {
    const { page, leave } = await visit(browser, shop, { expected });
    await openSeats(page, event);
    const keys = await trouble(page, "**/holds", "POST", 2, (route) => route.fulfill(busy(code)));
    await press(page, 2);
    await inBasket(page, 2);
    assert.equal(keys.length, 3);
    assert.equal(new Set(keys).size, 1, "every try has the same key");
    await leave();
  });
}

test("a house that stays busy says so, and the next press is the same wish", async () => {
  const { page, leave } = await visit(browser, shop, { expected });
  await openSeats(page, event);
  const keys = await trouble(page, "**/holds", "POST", 3, (route) => route.fulfill(busy("busy")));
  await press(page, 2);
  await notice(page, /then press again/i);
  assert.equal(await held(page), 0);
  await page.getByRole("button", { name: "Best 2 together" }).click();
  await inBasket(page, 2);
  assert.equal(new Set(keys).size, 1);
  await leave();
});

// The first try may have been granted: what later ones say of themselves is not said of the wish.
for (const [how, first, told] of [
  ["is lost", (route) => route.abort(), /could not reach Parterre/i],
  ["is not confirmed", (route) => route.fulfill(busy("unconfirmed", "Not confirmed yet. Press again.")), "Not confirmed yet. Press again."],
  ["comes from a proxy", (route) => route.fulfill({ status: 503, contentType: "application/json", body: "{}" }), /could not reach Parterre/i],
]) {
  test(`a wish whose first answer ${how} is never said to have done nothing`, async () => {
    const { page, leave } = await visit(browser, shop, { expected });
    await openSeats(page, event);
    const keys = await trouble(page, "**/holds", "POST", 3, (route, n) => (n === 1 ? first(route) : route.fulfill(busy("busy", "This request did nothing."))));
    await press(page, 2);
    await notice(page, told);
    assert.equal(keys.length, 3);
    assert.equal(await page.locator("#notice").getByText("did nothing").count(), 0);
    await page.getByRole("button", { name: "Best 2 together" }).click();
    await inBasket(page, 2);
    assert.equal(new Set(keys).size, 1, "the next press is the same wish");
    await leave();
  });
}

test("an answer that is lost on the way is asked for again, and nothing is held twice", async () => {
  const { page, leave } = await visit(browser, shop, { expected });
  await openSeats(page, event);
  const told = page.waitForResponse((answer) => answer.request().method() === "POST" && answer.url().endsWith("/holds"));
  const keys = await trouble(page, "**/holds", "POST", 1, async (route) => {
    await route.fetch();
    await route.abort();
  });
  await press(page, 2);
  await inBasket(page, 2);
  assert.equal(new Set(keys).size, 1);
  assert.equal(await (await told).headerValue("idempotency-replayed"), "true", "the second answer is the first one's");
  await leave();
});

test("a dead line is told, and one press after it is back holds the seats", async () => {
  const { page, context, leave } = await visit(browser, shop, { expected });
  await openSeats(page, event);
  await context.setOffline(true);
  await press(page, 2);
  await notice(page, /could not reach Parterre/i);
  assert.equal(await held(page), 0);
  await context.setOffline(false);
  await page.getByRole("button", { name: "Best 2 together" }).click();
  await inBasket(page, 2);
  await leave();
});

test("whoever goes on or pays without a connection is told so and loses nothing", async () => {
  const { page, context, leave } = await visit(browser, shop, { expected: [...expected, lost(/^\/healthz$/, /^ERR_INTERNET/)] });
  const told = page.getByRole("alert").filter({ hasText: "You are offline: nothing was sent and nothing was paid." });
  await openSeats(page, event);
  await page.locator("#live", { hasText: "Live" }).waitFor();
  await holdBest(page, 2);
  await context.setOffline(true);
  await page.locator("#live", { hasText: "No connection" }).waitFor();
  await page.getByRole("link", { name: "Continue to checkout" }).click();
  await told.waitFor();
  await inBasket(page, 2);
  await context.setOffline(false);
  await told.waitFor({ state: "hidden" });
  await page.locator("#live", { hasText: "Live" }).waitFor();
  await toCheckout(page);
  await awake(page);
  await page.getByLabel("Name", { exact: true }).fill("Sample Buyer");
  await page.locator("#email").fill("buyer@example.org");
  await fillCard(page);
  await context.setOffline(true);
  const pay = page.getByRole("button", { name: /^Pay / });
  await pay.click();
  await told.waitFor();
  assert.equal(await page.locator("#email").inputValue(), "buyer@example.org");
  assert.match(await page.locator("[name=card]").inputValue(), /^4242/, "the card is still there");
  await context.setOffline(false);
  await told.waitFor({ state: "hidden" });
  await pay.click();
  await tickets(page, 2);
  await leave();
});

test("a hold that was let go elsewhere shows as gone", async () => {
  const { page, leave } = await visit(browser, shop, { expected });
  // Nothing is heard of others: with news the page sees it by itself.
  await page.route("**/availability/stream*", (route) => route.abort());
  await openSeats(page, event);
  await page.route("**/availability", (route) => route.abort());
  await holdBest(page, 2);
  // Another tab of the same visitor gives everything back; this one extends what it still shows.
  await page.evaluate(async () => {
    const [form] = document.querySelectorAll("form[action*='/holds/'][action$='/release']");
    const id = form.getAttribute("action").split("/")[2];
    await fetch(`/api/v1/holds/${id}`, { method: "DELETE" });
  });
  await Promise.all([page.waitForEvent("load"), page.getByRole("button", { name: "Give me ten more minutes" }).click()]);
  await awake(page);
  assert.equal(await held(page), 0, "the page shows what is so");
  await leave();
});

test("letting go is tried again until it is heard", async () => {
  const { page, leave } = await visit(browser, shop, { expected });
  await openSeats(page, event);
  await holdBest(page, 2);
  const tries = await trouble(page, "**/holds/*", "DELETE", 2, (route, n) => (n === 1 ? route.abort() : route.fulfill(busy("busy"))));
  await page.getByRole("button", { name: "Let them go" }).click();
  await inBasket(page, 0);
  assert.equal(tries.length, 3);
  await page.reload();
  await awake(page);
  assert.equal(await held(page), 0, "the server heard it");
  await leave();
});

test("more time at the checkout is one wish, however often it is pressed", async () => {
  const { page, leave } = await visit(browser, shop, { expected });
  await openSeats(page, event);
  await holdBest(page, 2);
  await toCheckout(page);
  await awake(page);
  const keys = await trouble(page, "**/holds/*/extend", "POST", 2, (route, n) => (n === 1 ? route.fulfill(busy("unconfirmed")) : route.abort()));
  const more = page.getByRole("button", { name: "Give me ten more minutes" });
  for (const [tries, told] of [[1, "One moment, then press again."], [2, "We could not reach Parterre."]]) {
    await more.click();
    await page.locator("#said", { hasText: told }).waitFor({ state: "attached" });
    assert.equal(keys.length, tries);
    await page.locator("#said").evaluate((element) => (element.textContent = ""));
  }
  await more.click();
  await page.locator("#said").getByText("You have ten more minutes.").waitFor({ state: "attached" });
  assert.ok(keys[0] && new Set(keys).size === 1, "every press has the same key");
  await page.locator("#left").getByText(/^(19|20):/).waitFor();
  assert.equal(await more.count(), 0, "it is given once");
  await leave();
});

test("a server that is started anew in the middle of choosing costs nobody a seat", async () => {
  const { page, leave } = await visit(browser, shop, { expected });
  await openSeats(page, event);
  await holdBest(page, 2);
  const before = await basket(page);
  await shop.restart();
  // The holds lived in the process. The next press asks for what is shown, and has it again.
  await page.getByRole("tab", { name: "List" }).click();
  await page.locator("#live-sections button").first().click();
  // A press while the page asks for its seats by itself is none.
  for (let presses = 0; presses < 10 && (await held(page)) < 3; presses += 1) {
    await page.locator("#live-rows button.seat[aria-pressed=false]:not([disabled])").last().click();
    await drawn(page);
    await page.locator("#pick:not([aria-busy=true])").waitFor();
    await soon(page, async () => (await held(page)) === 3);
  }
  await inBasket(page, 3);
  const after = await basket(page);
  for (const seat of before) assert.ok(after.includes(seat), `${seat} is still in the basket`);
  await toCheckout(page);
  await leave();
});
