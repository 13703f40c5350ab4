// What can happen between "Pay" and the tickets.
import assert from "node:assert/strict";
import { test } from "node:test";
import { refused, visit } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { CARDS, awake, basket, fillCard, holdBest, openSeats, pay, tickets, toCheckout } from "./support/walk.mjs";

evening();

async function atCheckout(options) {
  const visitor = await visit(browser, shop, options);
  await openSeats(visitor.page, event);
  await holdBest(visitor.page, 2);
  await toCheckout(visitor.page);
  return visitor;
}

test("a declined card keeps the seats", async () => {
  const { page, leave } = await atCheckout();
  await pay(page, CARDS.poor);
  await page.getByText(/seats are safe|stay yours|not enough|too little/i).first().waitFor();
  await fillCard(page, CARDS.good);
  await page.getByRole("button", { name: /^Pay / }).click();
  await tickets(page, 2);
  await leave();
});

/** Two cards without enough money, then a good one; in between the page is loaded again and gone back to. */
async function triesCards(javaScriptEnabled) {
  const { page, leave } = await visit(browser, shop, { javaScriptEnabled });
  await page.goto(`/events/${event.slug}`);
  await Promise.all([page.waitForURL(/\/seats$/), page.getByRole("button", { name: "2 best seats together" }).click()]);
  await toCheckout(page);
  const sent = [];
  page.on("request", (request) => request.method() === "POST" && sent.push(new URL(request.url()).pathname));
  const told = () => page.getByRole("status").filter({ hasText: "does not have enough money" });
  await pay(page, CARDS.poor);
  await told().waitFor();
  const order = page.url();
  assert.match(order, /\/orders\/[-0-9a-f]+$/, "the address is the order's, and says nothing else");
  await page.reload();
  assert.equal(await told().count(), 1, "it is said still");
  await fillCard(page, CARDS.poor);
  await Promise.all([page.waitForEvent("load"), page.getByRole("button", { name: /^Pay / }).click()]);
  assert.equal(page.url(), order);
  assert.equal(await told().count(), 1, "and once");
  assert.equal(await page.locator("[name=card]").inputValue(), "", "of the card nothing is kept");
  await page.getByRole("link", { name: "Back to the seats" }).click();
  await page.waitForURL(/\/seats$/);
  await page.goBack();
  await told().waitFor();
  assert.deepEqual(sent, [sent[0], `${new URL(order).pathname}/pay`], "each card was sent once");
  await fillCard(page, CARDS.good);
  await page.getByRole("button", { name: /^Pay / }).click();
  await tickets(page, 2);
  await leave();
}

test("what a bank declined can be loaded again and gone back to, and nothing is sent twice", () => triesCards(true));
test("what a bank declined can be loaded again and gone back to without JavaScript, too", () => triesCards(false));

/** A house that is slow shows its seats without a word of what somebody's checkout has come to. */
async function seen(page, what) {
  for (let looks = 0; looks < 10 && (await what.count()) === 0; looks += 1) await page.reload();
  await what.waitFor();
}

test("whoever looks at the seats again is led to what waits to be paid, and afterwards to the tickets", async () => {
  const { page, leave } = await atCheckout();
  await pay(page, CARDS.poor);
  // The checkout has a link of that name, too.
  await page.getByRole("heading", { level: 1, name: "Your seats are safe" }).waitFor();
  await page.getByRole("link", { name: "Back to the seats" }).click();
  const order = page.getByRole("complementary", { name: "Your order" });
  await seen(page, order);
  assert.match(await order.innerText(), /^Your places are kept until \d\d:\d\d, \w+ time \(about \d+ more minutes\), and not paid yet/);
  await order.getByRole("link", { name: "Go on paying" }).click();
  await fillCard(page, CARDS.good);
  await page.getByRole("button", { name: /^Pay / }).click();
  await tickets(page, 2);
  await openSeats(page, event);
  await seen(page, order);
  await order.getByRole("link", { name: "See your tickets" }).click();
  await tickets(page, 2);
  await leave();
});

test("a card that cannot exist is told before the bank is asked", async () => {
  const { page, leave } = await atCheckout({ expected: [refused(422, /^\/checkout\//)] });
  await pay(page, "4242 4242 4242 4241");
  await page.locator("[name=card][aria-invalid=true]").waitFor();
  assert.equal(await page.locator("[name=name]").inputValue(), "Sample Buyer", "what was typed is kept");
  await leave();
});

test("the bank asks, and its answer counts", async () => {
  const { page, leave } = await atCheckout();
  await pay(page, CARDS.secure);
  await page.getByRole("heading", { name: "Is this you?" }).waitFor();
  await page.getByRole("button", { name: "No, this is not me" }).click();
  await page.getByText(/seats are safe|stay yours/i).first().waitFor();
  await fillCard(page, CARDS.secure);
  await page.getByRole("button", { name: /^Pay / }).click();
  await page.getByRole("button", { name: /^Yes, pay/ }).click();
  await tickets(page, 2);
  await leave();
});

test("a bank that answers late is waited for", async () => {
  const { page, leave } = await atCheckout();
  await pay(page, CARDS.late);
  await tickets(page, 2);
  await leave();
});

test("a reload in the middle of checkout loses nothing", async () => {
  const { page, context, leave } = await atCheckout();
  const total = await page.locator("aside.sum .all .price").innerText();
  const typed = ["Sample Buyer", "buyer@example.org"];
  const fields = () => Promise.all(["name", "email"].map((name) => page.locator(`[name=${name}]`).inputValue()));
  await page.locator("[name=name]").fill(typed[0]);
  await page.locator("[name=email]").fill(typed[1]);
  await page.locator("[name=card]").fill(CARDS.good);
  await page.reload();
  await awake(page);
  assert.equal(await page.locator("aside.sum .all .price").innerText(), total);
  assert.deepEqual(await fields(), typed, "what was typed is there again");
  assert.equal(await page.locator("[name=card]").inputValue(), "", "and of the card nothing was kept");
  await page.getByRole("link", { name: "Back to the seats" }).click();
  await toCheckout(page);
  await awake(page);
  assert.deepEqual(await fields(), typed);
  const other = await context.newPage();
  await openSeats(other, event);
  assert.equal((await basket(other)).length, 2, "another tab has the same basket");
  await other.close();
  await pay(page);
  const bought = await tickets(page, 2);
  await page.reload();
  assert.deepEqual(await tickets(page, 2), bought, "looking again buys nothing");
  await leave();
});

test("a double press pays once", async () => {
  const { page, leave } = await atCheckout();
  await page.locator("[name=name]").fill("Sample Buyer");
  await page.locator("[name=email]").fill("buyer@example.org");
  await fillCard(page, CARDS.good);
  await page.getByRole("button", { name: /^Pay / }).dblclick();
  await tickets(page, 2);
  await leave();
});
