// A phone, by touch.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { test } from "node:test";
import { violations } from "./support/axe.mjs";
import { PHONE, visit } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { fillCard, CARDS, inBasket, moved, openSeats, still, takeOnMap, tickets } from "./support/walk.mjs";

evening();

const out = new URL("out/", import.meta.url).pathname;
mkdirSync(out, { recursive: true });

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

test("a tap from afar brings the seats near, a tap on one takes it", async () => {
  const { page, leave } = await visit(browser, shop, PHONE);
  await openSeats(page, event);
  await page.getByRole("button", { name: "Fewer seats" }).tap();
  const map = await page.locator("canvas#map").boundingBox();
  const tap = (x, y) => page.touchscreen.tap(map.x + map.width * x, map.y + map.height * y);
  const whole = await still(page);
  await tap(0.5, 0.5);
  assert.notEqual(await moved(page, whole), whole, "the section comes nearer");
  assert.equal(await page.locator("aside.side li.item").count(), 0, "nobody takes a seat that is too small to be meant");
  await takeOnMap(page, [0.4, 0.5, 0.3, 0.6].flatMap((y) => [0.5, 0.46, 0.54, 0.42, 0.58].map((x) => [x, y])), tap);
  await leave();
});

const SHAPES = ["free", "held by others", "sold", "yours", "accessible", "companion", "restricted view", "not for sale"];

/** Opens what the sheet says of the shapes, where the map has no room for it. */
async function explained(picture, options) {
  const { page, leave } = await visit(browser, shop, options);
  await openSeats(page, event);
  assert.equal(await page.locator(".ground .legend").isVisible(), false);
  const words = page.locator(".shapes li");
  assert.equal(await words.first().isVisible(), false);
  await page.getByText("What the shapes mean").click();
  await words.last().scrollIntoViewIfNeeded();
  assert.deepEqual((await words.allInnerTexts()).map((word) => word.trim()), SHAPES);
  for (const word of await words.all()) {
    assert.ok((await word.isVisible()) && (await word.locator("svg").isVisible()), "each with its shape");
  }
  assert.deepEqual(await violations(page), []);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
  await page.screenshot({ path: `${out}shapes-${picture}.png` });
  await leave();
}

test("what the shapes mean is told on a phone", () => explained("phone", PHONE));
test("what the shapes mean is told in a low window", () => explained("low", { viewport: { width: 1024, height: 560 } }));

test("on a desk the map itself says what the shapes mean, once", async () => {
  const { page, leave } = await visit(browser, shop, { viewport: { width: 1440, height: 900 } });
  await openSeats(page, event);
  assert.deepEqual((await page.locator(".ground .legend li").allInnerTexts()).map((word) => word.trim()), SHAPES);
  assert.equal(await page.locator(".shapes").isVisible(), false);
  await leave();
});
