// A real arena, from its plan to two tickets: what real plans get wrong is drawn, chosen from, paid and admitted like any
// other house.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { test } from "node:test";
import { promisify } from "node:util";
import { allViolations } from "./support/axe.mjs";
import { PHONE, visit } from "./support/browser.mjs";
import { coloured } from "./support/colours.mjs";
import { browser, evening, shop } from "./support/evening.mjs";
import { scan } from "./support/scanner.mjs";
import { binary } from "./support/server.mjs";
import { basket, holdBest, openSeats, pay, still, tickets, toCheckout } from "./support/walk.mjs";

const plan = new URL("../../shared/data/arena-738.json", import.meta.url).pathname;
/** Where the plan is missing nothing of it can be tried. */
const skip = !existsSync(plan) && `the real plan is not here (${plan})`;
const out = new URL("out/", import.meta.url).pathname;
mkdirSync(out, { recursive: true });

evening();

/** One category by name; the others have the prices that the demo gives them. */
const PRICE = "Category I=90.00";

/** Puts the arena on sale beside the running shop, once. */
let made;
const arena = () => (made ??= onSale());
async function onSale() {
  const words = ["demo", "--data", shop.data, "--chart", plan, "--price", PRICE];
  const { stdout } = await promisify(execFile)(binary, words, { timeout: 300_000 });
  return { slug: stdout.trim().split("/").at(-1) };
}

const LOOKS = {
  "desk-light": { viewport: { width: 1440, height: 900 } },
  "desk-dark": { viewport: { width: 1440, height: 900 }, colorScheme: "dark" },
  "phone-light": PHONE,
  "phone-dark": { ...PHONE, colorScheme: "dark" },
};

for (const [name, options] of Object.entries(LOOKS)) {
  test(`a real arena is drawn in its prices' colours: ${name}`, { skip }, async () => {
    const { page, leave } = await visit(browser, shop, options);
    await openSeats(page, await arena());
    await still(page);
    // On a phone a filter may lie beyond the edge, its colour is on the map all the same.
    const zones = await coloured(page);
    await page.screenshot({ path: `${out}real-${name}.png` });
    assert.equal(zones.length, 4, "the plan has seats in four of its five categories");
    assert.ok(zones.every((count) => count > 0), `every price has its colour on the map: ${zones}`);
    assert.deepEqual(await allViolations(page), []);
    await page.getByRole("button", { name: "Zoom in" }).click();
    await page.getByRole("button", { name: "Zoom in" }).click();
    await still(page);
    await page.screenshot({ path: `${out}real-near-${name}.png` });
    await leave();
  });
}

test("two seats together in a real arena become two tickets that a scanner reads", { skip }, async () => {
  const { page, leave } = await visit(browser, shop, { viewport: { width: 1440, height: 900 } });
  await openSeats(page, await arena());
  await holdBest(page, 2);
  const held = await basket(page);
  const seats = held.map((line) => line.match(/(.*Row .*), seat (\S+)/s));
  assert.ok(seats.every(Boolean), `a row and a seat each: ${held}`);
  assert.equal(seats[0][1], seats[1][1], "in one row");
  assert.equal(Math.abs(seats[0][2] - seats[1][2]), 1, `side by side: ${held}`);
  await still(page);
  await page.screenshot({ path: `${out}real-held.png` });
  await toCheckout(page);
  await pay(page);
  const codes = new Set();
  for (const ticket of await tickets(page, 2)) {
    await page.goto(ticket);
    codes.add(await scan(browser, (await page.locator(".scan").screenshot()).toString("base64")));
  }
  assert.equal(codes.size, 2, "each its own code");
  await leave();
});

test("every section of a real arena is listed for browsers without scripts", { skip }, async () => {
  const { page, leave } = await visit(browser, shop, { javaScriptEnabled: false });
  await page.goto(`/events/${(await arena()).slug}/seats`);
  assert.equal(await page.locator("#still-list .sections a").count(), 15, "every section is listed");
  await leave();
});
