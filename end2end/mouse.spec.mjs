// The straight way: from the list of events to two tickets, with the mouse.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { PATIENCE, visit } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { awake, basket, holdBest, inBasket, openSeats, pay, takeOnMap, tickets, toCheckout } from "./support/walk.mjs";

evening();

test("buys two seats with the mouse", async () => {
  const { page, leave } = await visit(browser, shop);
  await page.goto("/");
  await page.getByRole("heading", { name: event.title }).first().click();
  await page.waitForURL(`**/events/${event.slug}`);
  await page.getByRole("link", { name: /^Choose seats/ }).first().click();
  await awake(page);
  await holdBest(page, 2);
  const total = await page.locator(".pay-row .price").innerText();
  const chosen = await basket(page);
  await toCheckout(page);
  assert.equal(await page.locator("aside.sum .all .price").innerText(), total, "the price stays the first one shown");
  await pay(page);
  const [first, second] = await tickets(page, 2);
  assert.notEqual(first, second);

  await page.goto(first);
  const seat = chosen[0].match(/seat (\S+)/i)[1];
  assert.match(await page.locator("dl.place").innerText(), new RegExp(`\\b${seat}\\b`), "the ticket is for the seat that was chosen");
  assert.equal(await page.locator(".scan svg path, .scan svg rect").count().then((n) => n > 0), true, "the QR code is drawn");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Save as PDF" }).click()]);
  assert.equal(readFileSync(await download.path()).subarray(0, 5).toString(), "%PDF-");

  await page.goto("/dev/mail");
  const letter = page.getByRole("link", { name: new RegExp(event.title.slice(0, 12), "i") }).first();
  // The mail follows the tickets by itself, a little later.
  for (const end = performance.now() + PATIENCE; performance.now() < end && (await letter.count()) === 0; ) {
    await page.waitForTimeout(250);
    await page.reload();
  }
  await letter.click();
  await page.getByRole("link", { name: /\.pdf/i }).waitFor();
  await leave();
});

test("takes a seat on the map", async () => {
  const { page, leave } = await visit(browser, shop, { viewport: { width: 1280, height: 800 } });
  await openSeats(page, event);
  await page.locator("#quantity").fill("1");
  await page.locator("#quantity").blur();
  await page.getByRole("tab", { name: "Map" }).click();
  const canvas = await page.locator("canvas").boundingBox();
  const spots = [0.5, 0.45, 0.55, 0.4, 0.6].flatMap((y) => [0.5, 0.47, 0.53, 0.42, 0.58].map((x) => [x, y]));
  await takeOnMap(page, spots, (x, y) => page.mouse.click(canvas.x + canvas.width * x, canvas.y + canvas.height * y));
  await leave();
});

test("standing places are sold by number", async () => {
  const { standing } = await shop.events();
  const { page, leave } = await visit(browser, shop);
  await openSeats(page, standing);
  await page.locator(".tierpick select").first().selectOption({ index: 2 });
  await page.getByRole("button", { name: "Hold tickets" }).click();
  await inBasket(page, 1);
  await toCheckout(page);
  await pay(page);
  assert.ok((await tickets(page, 2)).length === 2);
  await leave();
});
