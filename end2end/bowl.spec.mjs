// A bowl of 110,000 seats on a phone, by touch: pinched near, a seat tapped, held and bought.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { test } from "node:test";
import { promisify } from "node:util";
import { PHONE, visit } from "./support/browser.mjs";
import { browser, evening, shop } from "./support/evening.mjs";
import { asked } from "./support/others.mjs";
import { binary } from "./support/server.mjs";
import { CARDS, fillCard, moved, openSeats, still, takeOnMap, tickets } from "./support/walk.mjs";

evening();

const SEATS = 110_000;
const out = new URL("out/", import.meta.url).pathname;
mkdirSync(out, { recursive: true });

test("buys a seat in a bowl of 110,000 on a phone by touch", async () => {
  const { stdout } = await promisify(execFile)(binary, ["demo", "--data", shop.data, "--bowl", String(SEATS)], { timeout: 300_000 });
  const slug = stdout.trim().split("/").at(-1);
  const { chart } = await (await asked(`${shop.base}/api/v1/events/${slug}`)).json();
  assert.equal(chart.seats, SEATS);

  const { page, context, leave } = await visit(browser, shop, PHONE);
  await openSeats(page, { slug });
  await page.getByRole("button", { name: "Fewer seats" }).tap();
  const whole = await still(page);
  await page.screenshot({ path: `${out}bowl-phone-whole.png` });
  const map = await page.locator("canvas#map").boundingBox();
  // Left of the pitch, where the tiers lie.
  const [x, y] = [map.x + map.width * 0.2, map.y + map.height * 0.5];
  const session = await context.newCDPSession(page);
  const touch = (type, ...points) => session.send("Input.dispatchTouchEvent", { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
  await touch("touchStart", [x - 20, y], [x + 20, y]);
  for (let wide = 24; wide <= 60; wide += 4) await touch("touchMove", [x - wide, y], [x + wide, y]);
  await touch("touchEnd");
  const near = await moved(page, whole);
  assert.notEqual(near, whole, "two fingers bring it nearer");
  assert.equal(await page.locator("aside.side li.item").count(), 0, "and take nothing");

  // A tap from afar brings a section near, one from near takes a seat.
  await page.touchscreen.tap(x, y);
  await moved(page, near);
  const spots = [0.4, 0.45, 0.5, 0.35, 0.55, 0.3].flatMap((down) => [0.5, 0.47, 0.53, 0.44, 0.56].map((right) => [right, down]));
  await takeOnMap(page, spots, (right, down) => page.touchscreen.tap(map.x + map.width * right, map.y + map.height * down));
  await still(page);
  await page.screenshot({ path: `${out}bowl-phone-held.png` });
  await page.getByRole("link", { name: "Continue to checkout" }).tap();
  await page.waitForURL(/\/checkout\//);
  await page.locator("[name=name]").fill("Sample Buyer");
  await page.locator("[name=email]").fill("buyer@example.org");
  await fillCard(page, CARDS.good);
  await page.getByRole("button", { name: /^Pay / }).tap();
  await tickets(page, 1);
  await leave();
});
