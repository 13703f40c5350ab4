// For everybody: what a screen reader is told, text at twice the size, narrow windows, forced colours, no motion, paper.
// The told pages lie in aria/; after a wanted change, UPDATE_ARIA=1 writes them anew for somebody to read.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { violations } from "./support/axe.mjs";
import { visit } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { awake, drawn, holdBest, inBasket, openSeats, pay, tickets, toCheckout } from "./support/walk.mjs";

const out = new URL("out/", import.meta.url).pathname;
const told = new URL("aria/", import.meta.url).pathname;

mkdirSync(out, { recursive: true });
evening();

/** Walks from the list to a ticket and looks at every page on the way. */
async function everyPage(page, look) {
  await page.goto("/?q=meridian");
  await look("list");
  await page.goto(`/events/${event.slug}`);
  await look("event");
  await openSeats(page, event);
  await page.locator("#live", { hasText: "Live" }).waitFor();
  await look("seats");
  await holdBest(page, 2);
  await page.getByRole("tab", { name: "List" }).click();
  await look("seats-held");
  await toCheckout(page);
  await awake(page);
  await look("checkout");
  await pay(page);
  const [ticket] = await tickets(page, 2);
  await look("order");
  await page.goto(ticket);
  await look("ticket");
  return ticket;
}

/** What differs from day to day and from order to order. */
function timeless(text) {
  return text
    .replace(/^\s*- \/url:.*(\n|$)/gm, "")
    .replace(/\b(Mon|Tues?|Wed(nes)?|Thu(rs)?|Fri|Sat(ur)?|Sun)(day)?\b/g, "DAY")
    .replace(/\b\d{1,2} (January|February|March|April|May|June|July|August|September|October|November|December)( \d{4})?/g, "DATE")
    .replace(/\b(January|February|March|April|May|June|July|August|September|October|November|December)( \d{4})?/g, "MONTH")
    .replace(/\b\d{1,2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b/g, "DATE")
    .replace(/\bDAY \d{1,2}\b/g, "DAY DATE")
    .replace(/\b\d{1,2}:\d{2}\b/g, "TIME")
    .replace(/\b[0-9A-Z]{4}-[0-9A-Z]{4}\b/g, "CODE")
    .replace(/(GMT|UTC)([+-]\d+)?|CES?T/g, "ZONE");
}

test("a screen reader is told every page as it was read over", async (t) => {
  const { page, leave } = await visit(browser, shop);
  await everyPage(page, (name) =>
    t.test(name, async () => {
      const now = `${timeless(await page.locator("body").ariaSnapshot())}\n`;
      const file = `${told}${name}.yml`;
      if (process.env.UPDATE_ARIA) writeFileSync(file, now);
      assert.equal(now, readFileSync(file, "utf8"));
    }),
  );
  await leave();
});

/** What is lost: pages wider than the window, and words that a box cuts off. Runs in the page. */
function lost() {
  const found = [];
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) found.push(`the page is ${wide} px wider than the window`);
  for (const element of document.querySelectorAll("body *")) {
    const style = getComputedStyle(element);
    if (style.visibility === "hidden" || style.clipPath !== "none" || !element.checkVisibility()) continue;
    const words = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const cut = ["hidden", "clip"].includes(style.overflowX) && element.scrollWidth > element.clientWidth + 1;
    const low = ["hidden", "clip"].includes(style.overflowY) && element.scrollHeight > element.clientHeight + 2;
    if (words && (cut || low)) found.push(`cut off: ${element.outerHTML.slice(0, 120)}`);
    const box = element.getBoundingClientRect();
    const scrolls = element.closest(".filters, .legend, canvas, .ground");
    if (words && !scrolls && box.width > 0 && (box.right > innerWidth + 1 || box.left < -1)) {
      found.push(`hangs over the side: ${element.outerHTML.slice(0, 120)}`);
    }
  }
  return found;
}

const WINDOWS = {
  "text at twice the size": { viewport: { width: 1280, height: 900 }, size: "200%" },
  "text at twice the size on a phone": { viewport: { width: 390, height: 844 }, size: "200%" },
  "a window of 320 pixels": { viewport: { width: 320, height: 640 }, size: "100%" },
};

for (const [name, { viewport, size }] of Object.entries(WINDOWS)) {
  test(`nothing is lost with ${name}`, async () => {
    const { page, leave } = await visit(browser, shop, { viewport });
    const found = {};
    await everyPage(page, async (at) => {
      await page.evaluate((size) => (document.documentElement.style.fontSize = size), size);
      await drawn(page);
      await page.screenshot({ path: `${out}access-${at}-${viewport.width}-${size.slice(0, 3)}.png`, fullPage: !at.startsWith("seats") });
      const here = await page.evaluate(lost);
      if (here.length > 0) found[at] = here;
      await page.evaluate(() => (document.documentElement.style.fontSize = ""));
    });
    assert.deepEqual(found, {});
    await leave();
  });
}

/** How many lines a button's words take, and whether they hang over its side. Runs in the page. */
function lines(button) {
  const words = document.createRange();
  words.selectNodeContents(button);
  const boxes = [...words.getClientRects()].filter(({ width }) => width > 1);
  const high = Math.max(...boxes.map(({ bottom }) => bottom)) - Math.min(...boxes.map(({ top }) => top));
  return { lines: Math.round(high / (parseFloat(getComputedStyle(button).fontSize) * 1.25)), over: button.scrollWidth > button.clientWidth };
}

test("the button at the bottom of a narrow phone says its words in one line", async () => {
  const { page, leave } = await visit(browser, shop, { viewport: { width: 320, height: 640 } });
  const found = [];
  const look = async (button, at) => {
    for (const size of ["100%", "200%"]) {
      await page.evaluate((size) => (document.documentElement.style.fontSize = size), size);
      await drawn(page);
      await page.screenshot({ path: `${out}access-bottom-${at}-${size.slice(0, 3)}.png` });
      const { lines: count, over } = await page.locator(button).evaluate(lines);
      if (count !== 1 || over) found.push(`${at} at ${size}: ${count} lines${over ? ", over the side" : ""}`);
    }
    await page.evaluate(() => (document.documentElement.style.fontSize = ""));
  };
  for (const { slug } of (await shop.events()).all) {
    await page.goto(`/events/${slug}`);
    if (await page.locator(".tocta .btn").count()) await look(".tocta .btn", slug);
  }
  await openSeats(page, event);
  await holdBest(page, 2);
  await look(".pay-row .btn", "seats");
  assert.deepEqual(found, []);
  await leave();
});

test("forced colours keep every page usable", async () => {
  const { page, leave } = await visit(browser, shop, { forcedColors: "active" });
  const found = [];
  await everyPage(page, async (at) => {
    await page.screenshot({ path: `${out}access-${at}-forced.png` });
    found.push(...(await violations(page)).map((line) => `${at}: ${line}`));
    // Where colours are the system's, a border tells a button from words.
    const bare = await page.evaluate(() =>
      [...document.querySelectorAll(".btn, .chip, .seat")].filter((it) => it.checkVisibility() && getComputedStyle(it).borderStyle === "none").length,
    );
    if (bare > 0) found.push(`${at}: ${bare} buttons without a border`);
  });
  assert.deepEqual(found, []);
  await leave();
});

test("nothing moves for whoever asked for no motion", async () => {
  const { page, leave } = await visit(browser, shop, { reducedMotion: "reduce" });
  const moving = [];
  await everyPage(page, async (at) => {
    const count = await page.evaluate(
      () => document.getAnimations().filter((a) => a.playState === "running" && a.effect.getComputedTiming().activeDuration > 50).length,
    );
    if (count > 0) moving.push(`${at}: ${count}`);
  });
  assert.deepEqual(moving, []);
  await leave();
});

test("a ticket prints on one sheet, code and all", async () => {
  const { page, leave } = await visit(browser, shop);
  await everyPage(page, async () => {});
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  for (const [format, size] of Object.entries({ A4: [794, 1123], A6: [397, 559] })) {
    await page.setViewportSize({ width: size[0], height: size[1] });
    await page.screenshot({ path: `${out}access-ticket-print-${format}.png`, fullPage: true });
    const pdf = await page.pdf({ format });
    assert.equal(pdf.toString("latin1").match(/\/Type\s*\/Page\b/g).length, 1, `one sheet of ${format}`);
  }
  assert.equal(await page.locator(".acts, .more, .top, .foot").filter({ visible: true }).count(), 0, "nothing to press on paper");
  const code = await page.locator(".scan svg").boundingBox();
  assert.ok(code.width >= (96 / 25.4) * 30, "the code is at least 3 cm wide");
  const dark = await page.locator(".ticket").evaluate((ticket) => getComputedStyle(ticket).backgroundColor);
  assert.equal(dark, "rgb(255, 255, 255)", "paper is white, whatever the screen was");
  await leave();
});

test("every page without scripts is whole", async () => {
  const { page, leave } = await visit(browser, shop, { javaScriptEnabled: false });
  await page.goto(`/events/${event.slug}/seats`);
  await page.screenshot({ path: `${out}plain-seats.png` });
  await page.locator(".sections a").first().click();
  const free = page.locator(".seatrow input[type=checkbox]");
  await free.nth(0).check();
  await page.screenshot({ path: `${out}plain-section.png` });
  await page.getByRole("button", { name: "Hold these seats" }).click();
  // A picture of a page that is just being left cannot be taken.
  await page.getByRole("link", { name: "Continue to checkout" }).waitFor();
  await page.screenshot({ path: `${out}plain-held.png` });
  await toCheckout(page);
  await page.screenshot({ path: `${out}plain-checkout.png` });
  await leave();
});

test("a free ticket needs no card", async () => {
  const { page, leave } = await visit(browser, shop);
  await page.goto("/events/undertow-open-soundcheck");
  await page.screenshot({ path: `${out}free-event.png` });
  await openSeats(page, { slug: "undertow-open-soundcheck" });
  await page.locator(".tierpick select").first().selectOption({ index: 2 });
  await page.getByRole("button", { name: "Hold tickets" }).click();
  await inBasket(page, 1);
  await toCheckout(page);
  await page.screenshot({ path: `${out}free-checkout.png` });
  assert.equal(await page.locator("[name=card]").count(), 0);
  await page.getByLabel("Name", { exact: true }).fill("Sample Buyer");
  await page.locator("[name=email]").fill("buyer@example.org");
  await page.getByRole("button", { name: "Get your tickets" }).click();
  await tickets(page, 2);
  await page.screenshot({ path: `${out}free-order.png` });
  await leave();
});
