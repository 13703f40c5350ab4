// The map's resolution: as sharp as the screen at rest, whatever its pixel ratio; coarser only while it moves on a machine
// that is too slow for more.
import assert from "node:assert/strict";
import { test } from "node:test";
import { visit } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { openSeats, still } from "./support/walk.mjs";

evening();

/** The canvas' own pixels, and those of the screen that it covers. */
const sizes = (page) =>
  page.locator("canvas#map").evaluate((map) => ({ own: [map.width, map.height], screen: [map.clientWidth, map.clientHeight].map((length) => Math.round(length * devicePixelRatio)) }));

test("at rest the map has the screen's pixels", async (t) => {
  for (const ratio of [1, 1.25, 2, 2.625]) await t.test(`at a ratio of ${ratio}`, () => atRest(ratio));
});

async function atRest(deviceScaleFactor) {
  const { page, leave } = await visit(browser, shop, { viewport: { width: 1001, height: 703 }, deviceScaleFactor });
  await openSeats(page, event);
  await still(page);
  const { own, screen } = await sizes(page);
  assert.deepEqual(own, screen);
  // Also after the window has changed.
  await page.setViewportSize({ width: 911, height: 677 });
  await still(page);
  const later = await sizes(page);
  assert.deepEqual(later.own, later.screen);
  assert.notDeepEqual(later.own, own);
  await leave();
}

test("a machine that is too slow moves the map with fewer pixels, and rests with all of them", async () => {
  const { page, context, leave } = await visit(browser, shop, { viewport: { width: 1280, height: 800 }, deviceScaleFactor: 2 });
  await openSeats(page, (await shop.events()).large);
  await still(page);
  const { screen } = await sizes(page);
  const session = await context.newCDPSession(page);
  await session.send("Emulation.setCPUThrottlingRate", { rate: 12 });
  await page.evaluate(() => {
    const map = document.querySelector("canvas#map");
    window.widths = new Set();
    window.measured = 0;
    const { get } = Object.getOwnPropertyDescriptor(HTMLElement.prototype, "offsetHeight");
    Object.defineProperty(HTMLElement.prototype, "offsetHeight", {
      get() {
        window.measured += ["filters", "legend"].includes(this.id);
        return get.call(this);
      },
    });
    const look = () => {
      window.widths.add(map.width);
      requestAnimationFrame(look);
    };
    look();
  });
  const map = await page.locator("canvas#map").boundingBox();
  const [x, y] = [map.x + map.width / 2, map.y + map.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  for (let moves = 0; moves < 60; moves += 1) await page.mouse.move(x + 80 * Math.sin(moves / 5), y + 50 * Math.cos(moves / 5));
  await page.mouse.up();
  await session.send("Emulation.setCPUThrottlingRate", { rate: 1 });
  const coarse = await page.evaluate(() => Math.min(...window.widths));
  assert.ok(coarse < screen[0] && coarse * 4 >= screen[0], `it was coarser while it moved: ${coarse} of ${screen[0]}`);
  const measured = await page.evaluate(() => window.measured);
  assert.equal(measured, 0, "what lies on the map is where it was, and is not looked for in every resolution");
  await page.waitForFunction(([width, height]) => document.querySelector("#map").width === width && document.querySelector("#map").height === height, screen);
  await leave();
});

test("a frame of a moving map is put on the screen by one call", async () => {
  const { page, leave } = await visit(browser, shop, { viewport: { width: 1280, height: 800 } });
  await page.addInitScript(() => {
    const put = CanvasRenderingContext2D.prototype.putImageData;
    window.frames = new Map();
    let frame = 0;
    const count = () => {
      frame += 1;
      requestAnimationFrame(count);
    };
    requestAnimationFrame(count);
    CanvasRenderingContext2D.prototype.putImageData = function (...words) {
      if (this.canvas.id === "map") window.frames.set(frame, (window.frames.get(frame) ?? 0) + 1);
      return put.apply(this, words);
    };
  });
  await openSeats(page, event);
  await page.getByRole("button", { name: "Zoom in" }).click();
  await still(page);
  const map = await page.locator("canvas#map").boundingBox();
  const [x, y] = [map.x + map.width / 2, map.y + map.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  // The first step decides that it is a drag.
  await page.mouse.move(x + 20, y + 10);
  await still(page);
  await page.evaluate(() => window.frames.clear());
  for (let step = 2; step <= 12; step += 1) {
    const before = await page.evaluate(() => window.frames.size);
    await page.mouse.move(x + 20 * step, y + 10 * step);
    await page.waitForFunction((before) => window.frames.size > before, before);
  }
  const puts = await page.evaluate(() => [...window.frames.values()]);
  await page.mouse.up();
  assert.ok(puts.length >= 5, `the map moved in ${puts.length} frames`);
  assert.ok(puts.every((count) => count === 1), `calls a frame: ${puts}`);
  await leave();
});
