// A seat that is taken off sale while somebody holds it leaves their basket at its next change, and the rest stays: with
// scripts, without, and at the checkout.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { kill } from "./support/books.mjs";
import { PATIENCE, refused, visit } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { ask, hold, letGo } from "./support/others.mjs";
import { holdBest, inBasket, openSeats, pay, tickets, toCheckout } from "./support/walk.mjs";

evening();

/** The seats of the basket, in its order, with what the basket calls them. */
async function held(page) {
  const href = await page.getByRole("link", { name: "Continue to checkout" }).getAttribute("href");
  const answer = await page.context().request.get(href.replace("/checkout/", "/api/v1/holds/"));
  assert.equal(answer.status(), 200);
  return (await answer.json()).lines;
}

/** Takes the seat off sale, and ends when the shop knows: it looks once a second, and sells somebody else's seat until then. */
async function known(seat) {
  const other = await hold(shop, event, { best: { quantity: 1 } });
  await letGo(shop, other);
  await kill(shop, event, [seat, other.lines[0].seat]);
  const end = performance.now() + PATIENCE;
  for (;;) {
    const { status, hold } = await ask(shop, event, { seats: [other.lines[0].seat] });
    if (status !== 201) return;
    assert.ok(performance.now() < end, "the shop looks");
    await letGo(shop, hold);
    await pause(100);
  }
}

/** The walk, with scripts or without. */
async function walk(javaScriptEnabled) {
  const { page, leave } = await visit(browser, shop, { javaScriptEnabled, expected: [refused(409, /^\/checkout\//)] });
  if (javaScriptEnabled) {
    await openSeats(page, event);
    await holdBest(page, 4);
  } else {
    await page.goto(`/events/${event.slug}/seats`);
    await page.locator("#quantity").fill("4");
    await page.locator("#best").click();
  }
  const [first, second] = await held(page);
  await known(first.seat);
  // Then another one is taken out.
  await page.locator("li.item").last().getByRole("button").click();
  await page.locator(".notice.care", { hasText: `${first.label} is no longer on sale. The rest is still yours.` }).waitFor();
  if (javaScriptEnabled) await inBasket(page, 2);
  assert.equal(await page.locator("li.item").count(), 2);
  await toCheckout(page);
  // And one goes while the card is typed: the other is bought with the next press.
  await kill(shop, event, [second.seat]);
  await pay(page);
  await page.getByText(`${second.label} is no longer on sale. The rest is still yours.`).waitFor();
  assert.equal(await page.locator("[name=email]").inputValue(), "buyer@example.org", "what was typed stays");
  await pay(page);
  await tickets(page, 1);
  await leave();
}

test("a seat that is no longer on sale leaves the basket, and the rest is bought", () => walk(true));

test("a seat that is no longer on sale leaves the basket without JavaScript, too", () => walk(false));
