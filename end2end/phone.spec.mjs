// A phone, by touch.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { test } from "node:test";
import { violations } from "./support/axe.mjs";
import { PHONE, visit } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { fillCard, CARDS, holdBest, inBasket, moved, openSeats, still, takeOnMap, tickets } from "./support/walk.mjs";

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

test("whoever holds seats on a phone asks for more, and lets all go, in the sheet", async () => {
  const { page, leave } = await visit(browser, shop, PHONE);
  await openSeats(page, event);
  await holdBest(page, 2);
  await page.getByRole("button", { name: "More seats" }).tap();
  await page.getByRole("button", { name: "Best 3 together" }).tap();
  await inBasket(page, 3);
  await page.screenshot({ path: `${out}phone-held.png` });
  await page.getByRole("button", { name: "Let them go" }).tap();
  await inBasket(page, 0);
  await leave();
});

test("a phone's sheet goes down and comes up by its handle: pressed, dragged, by key", async () => {
  const { page, context, leave } = await visit(browser, shop, PHONE);
  await openSeats(page, event);
  await holdBest(page, 2);
  const handle = page.getByRole("button", { name: "More about your places" });
  const map = async () => (await page.locator("canvas#map").boundingBox()).height;
  const low = await map();
  const is = async (up, how) => {
    await page.locator(`#grip[aria-expanded=${up}]`).waitFor();
    assert.equal(await page.locator("aside.side li.item").first().isVisible(), up, how);
    assert.ok(up ? (await map()) === low : (await map()) > low + 60, `${how} the map has what the sheet leaves`);
    for (const there of [page.getByRole("timer"), page.getByRole("link", { name: "Continue to checkout" })]) assert.ok(await there.isVisible(), how);
  };
  const session = await context.newCDPSession(page);
  const drag = async (by) => {
    const { x, y, width, height } = await handle.boundingBox();
    assert.ok(width >= 24 && height >= 24, "a finger meets it");
    const [left, top] = [x + width / 2, y + height / 2];
    const touch = (type, ...touchPoints) => session.send("Input.dispatchTouchEvent", { type, touchPoints });
    await touch("touchStart", { x: left, y: top });
    for (let part = 1; part <= 4; part += 1) await touch("touchMove", { x: left, y: top + (by * part) / 4 });
    await touch("touchEnd");
  };
  await is(true, "at first");
  await handle.tap();
  await is(false, "after a tap");
  assert.deepEqual(await violations(page), []);
  await page.screenshot({ path: `${out}phone-down.png` });
  await handle.tap();
  await is(true, "after another tap");
  await drag(120);
  await is(false, "dragged down");
  await drag(-120);
  await is(true, "dragged up");
  await handle.focus();
  await page.keyboard.press("Enter");
  await is(false, "by Enter");
  await page.keyboard.press("Space");
  await is(true, "by the space bar");
  await page.setViewportSize({ width: 1280, height: 800 });
  assert.equal(await handle.isVisible(), false, "a desk needs none");
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
