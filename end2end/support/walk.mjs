// Steps that many walks share, told as a fan would.
import assert from "node:assert/strict";
import { PATIENCE } from "./browser.mjs";

export const CARDS = {
  good: "4242 4242 4242 4242",
  declined: "4000 0000 0000 0002",
  poor: "4000 0000 0000 9995",
  secure: "4000 0027 6000 3184",
  late: "4000 0000 0000 0077",
};

/** Opens the seat page and waits until the islands are awake and the map has its seats. */
export async function openSeats(page, event) {
  await page.goto(`/events/${event.slug}/seats`);
  await awake(page);
  await page.locator("#still-list").waitFor({ state: "detached" });
}

/** Opens a section of the live list; one seat at a time. */
export async function openList(page, event, section) {
  await openSeats(page, event);
  await page.locator("#quantity").fill("1");
  await page.locator("#quantity").blur();
  await page.getByRole("tab", { name: "List" }).click();
  await page.locator("#list .sections button").nth(section).click();
  await page.locator("#live-rows button.seat").first().waitFor();
}

/** The same, once the page hears what others do. */
export async function openLiveList(page, event, section) {
  await openList(page, event, section);
  await page.locator("#live", { hasText: "Live" }).waitFor();
}

/** Waits until the islands of the page are awake. */
export async function awake(page) {
  await page.waitForSelector("html[data-awake]", { state: "attached" });
}

/** Waits until the page has drawn twice: what was pressed is begun then, however long the machine takes for it. */
export const drawn = (page) => page.evaluate(() => new Promise((twice) => requestAnimationFrame(() => requestAnimationFrame(twice))));

/** Whether `ask` is answered with yes while the page draws so many pictures: one that stands still has all the time it wants. */
export async function soon(page, ask, most = 60) {
  for (let pictures = 0; pictures < most; pictures += 2) {
    if (await ask()) return true;
    await drawn(page);
  }
  return ask();
}

/** The map's picture, as a hash, once it is at rest. */
export async function still(page) {
  const look = () =>
    page.locator("canvas#map").evaluate(async (map) => {
      // Whoever draws nothing at all only seems to be at rest.
      for (let pictures = 0; pictures < 4; pictures += 1) await new Promise(requestAnimationFrame);
      const { data } = map.getContext("2d").getImageData(0, 0, map.width, map.height);
      return new Uint8Array(await crypto.subtle.digest("SHA-1", data)).join();
    });
  let last = await look();
  for (const end = performance.now() + PATIENCE; performance.now() < end; ) {
    await page.waitForTimeout(200);
    const now = await look();
    if (now === last) return now;
    last = now;
  }
  throw new Error("The map does not come to rest.");
}

/** What the map looks like at rest once it differs from `before`; or after a while, should it never. */
export async function moved(page, before, patience = 30_000) {
  let now = await still(page);
  for (const end = performance.now() + patience; now === before && performance.now() < end; ) now = await still(page);
  return now;
}

/** Presses here and there on the map until a seat is taken: where exactly one lies is the chart's business. */
export async function takeOnMap(page, spots, press) {
  for (const [x, y] of spots) {
    await press(x, y);
    // Not so soon that two presses are a double one; and while an answer is on its way there is no next one.
    await page.waitForTimeout(400);
    await drawn(page);
    await page.locator("#pick:not([aria-busy=true])").waitFor();
    if ((await page.locator("aside.side li.item").count()) > 0) break;
  }
  await inBasket(page, 1);
}

/** Holds the best seats together. */
export async function holdBest(page, quantity = 2) {
  await page.locator("#quantity").fill(String(quantity));
  await page.locator("#quantity").blur();
  await page.getByRole("button", { name: quantity === 1 ? "Best seat" : `Best ${quantity} together` }).click();
  await inBasket(page, quantity);
}

/** Waits until so many lines are in the basket. */
export async function inBasket(page, count) {
  await page.waitForFunction((n) => document.querySelectorAll("aside.side li.item").length === n, count);
}

/** What the basket's lines say. */
export async function basket(page) {
  // A line's parts stand under each other by the style, which a page that is loaded anew does not have at once.
  await page.waitForLoadState("load");
  return page.locator("aside.side li.item > div").allInnerTexts();
}

/** From the basket to the checkout. */
export async function toCheckout(page) {
  await page.getByRole("link", { name: "Continue to checkout" }).click();
  await page.waitForURL(/\/checkout\//);
}

/** Fills the checkout and presses "Pay". */
export async function pay(page, card = CARDS.good, buyer = { name: "Sample Buyer", email: "buyer@example.org" }) {
  const person = page.getByLabel("Name", { exact: true });
  if (await person.count()) {
    await person.fill(buyer.name);
    await page.locator("#email, [name=email]").first().fill(buyer.email);
  }
  await fillCard(page, card);
  await page.getByRole("button", { name: /^Pay / }).click();
}

/** Types the card. */
export async function fillCard(page, card = CARDS.good) {
  await page.locator("[name=card]").fill(card);
  await page.locator("[name=expiry]").fill("12 / 34");
  await page.locator("[name=code]").fill("123");
}

/** Waits for the tickets and ends with their addresses. */
export async function tickets(page, count) {
  await page.getByRole("heading", { level: 1, name: "See you there" }).waitFor();
  const links = await page.locator(".stubs a[href*='/tickets/']").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
  const pages = [...new Set(links.filter((href) => /^\/tickets\/[^/]+$/.test(href)))];
  assert.equal(pages.length, count, "one ticket a place");
  return pages;
}

/** Presses Tab until the place is focused, and fails where focus is ever invisible. */
export async function tabTo(page, place, limit = 150) {
  for (let presses = 0; presses < limit; presses += 1) {
    if (await place.evaluate((element) => element === document.activeElement).catch(() => false)) return;
    await page.keyboard.press("Tab");
    const shown = await page.evaluate(visibleFocus);
    assert.equal(shown, "", "focus is always visible");
  }
  assert.fail(`${place} was not reached by ${limit} presses of Tab`);
}

/**
 * Empty where what has the focus shows it by a ring or shadow that is not there without the rules for the focus; else its
 * description. A card's shadow, or a frame that everything has, shows nobody anything. Runs in the page.
 */
function visibleFocus() {
  const at = document.activeElement;
  if (!at || at === document.body) return "";
  const box = at.getBoundingClientRect();
  const shown = [at, at.parentElement, at.nextElementSibling].filter(Boolean);
  const look = () =>
    shown.map((element) => {
      const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(element);
      const outline = outlineStyle === "none" || parseFloat(outlineWidth) < 2 ? "none" : `${outlineWidth} ${outlineColor}`;
      return [outline, boxShadow];
    });
  const focused = look();
  const asked = [];
  for (const sheet of document.styleSheets) {
    const walk = (rules) => {
      for (const rule of rules) {
        if (rule.selectorText?.match(/:focus/)) asked.push([rule, rule.selectorText]);
        if (rule.cssRules) walk(rule.cssRules);
      }
    };
    walk(sheet.cssRules);
  }
  for (const [rule, text] of asked) rule.selectorText = text.replaceAll(/:focus(-visible|-within)?/g, ".nobody");
  const rest = look();
  for (const [rule, text] of asked) rule.selectorText = text;
  const ringed = focused.some((now, nth) => now.some((way, which) => way !== "none" && way !== rest[nth][which]));
  return ringed && box.width > 0 && box.height > 0 ? "" : at.outerHTML.slice(0, 200);
}
