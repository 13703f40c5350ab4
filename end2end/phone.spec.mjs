// A phone, by touch.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PHONE, visit } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { fillCard, CARDS, inBasket, openSeats, tickets } from "./support/walk.mjs";

evening();

test("buys on a phone by touch", async () => {
  const { page, leave } = await visit(browser, shop, PHONE);
  await openSeats(page, event);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, "nothing hangs over the side");
  await page.getByRole("button", { name: "Fewer seats" }).tap();
  await page.getByRole("button", { name: "Best seat" }).tap();
  await inBasket(page, 1);
  await page.getByRole("link", { name: "Continue to checkout" }).tap();
  await page.waitForURL(/\/checkout\//);
  await page.locator("[name=name]").tap();
  await page.keyboard.type("Sample Buyer");
  await page.locator("[name=email]").tap();
  await page.keyboard.type("buyer@example.org");
  await fillCard(page, CARDS.good);
  await page.getByRole("button", { name: /^Pay / }).tap();
  const [ticket] = await tickets(page, 1);
  await page.goto(ticket);
  const code = await page.locator(".scan svg").boundingBox();
  assert.ok(code.width >= 180, `the QR code is large enough to scan: ${code.width}`);
  await leave();
});
