// Every page at three sizes, light and dark: pictures into out/ for people to look at, and axe for what they miss.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { test } from "node:test";
import { violations } from "./support/axe.mjs";
import { refused, visit } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { awake, drawn, holdBest, openSeats, pay, still, tickets, toCheckout } from "./support/walk.mjs";

const SIZES = { phone: { width: 390, height: 844 }, tablet: { width: 768, height: 1024 }, desktop: { width: 1440, height: 900 } };
const out = new URL("out/", import.meta.url).pathname;

mkdirSync(out, { recursive: true });
evening();

test("every page is clean in light and dark at three sizes", async (t) => {
  const { page, leave } = await visit(browser, shop, { expected: [refused(404, /^\/nowhere$/)] });
  const look = (name) => t.test(name, () => lookAt(page, name));
  await page.goto("/");
  await look("home");
  await page.goto("/?q=zzzz");
  await look("home-nothing");
  await page.goto(`/events/${event.slug}`);
  await look("event");
  await openSeats(page, event);
  await look("seats");
  await holdBest(page, 2);
  await still(page);
  await look("seats-held");
  await page.getByRole("tab", { name: "List" }).click();
  await page.locator("#list .sections button").first().click();
  await look("seats-list");
  await toCheckout(page);
  await awake(page);
  await look("checkout");
  await pay(page);
  const [ticket] = await tickets(page, 2);
  await look("order");
  await page.goto(ticket);
  await look("ticket");
  await page.goto("/dev/mail");
  await look("mail");
  await page.goto("/nowhere");
  await look("not-found");
  const { large } = await shop.events();
  await openSeats(page, large);
  await still(page);
  await look("seats-large");
  await leave();
});

async function lookAt(page, name) {
  const found = [];
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.setViewportSize(viewport);
      await drawn(page);
      await page.screenshot({ path: `${out}${name}-${size}-${colorScheme}.png` });
      found.push(...(await violations(page)).map((line) => `${size} ${colorScheme}: ${line}`));
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) found.push(`${size}: the page is ${wide} px wider than the window`);
    }
  }
  assert.deepEqual([...new Set(found)], []);
}
