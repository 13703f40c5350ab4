// Two minutes before the seats go back it is said so, politely, and one press gives more time. A hold is a little longer
// than the warning here, so that nobody waits for eight minutes.
import assert from "node:assert/strict";
import { beside } from "./support/beside.mjs";
import { visit } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { MUCH, noteToldAgain, watch } from "./support/steady.mjs";
import { awake, holdBest, openSeats, toCheckout } from "./support/walk.mjs";

evening({ PARTERRE_HOLD_SECONDS: "150" });
/** Milliseconds of a hold before the warning. */
const BEFORE = 30_000;

const WARNING = "Less than two minutes left. After that the seats go back. You can take ten more minutes by one press.";

/** Waits until the words are said in a region that does not interrupt whoever is reading. */
async function said(page, words) {
  const region = page.locator("#said", { hasText: words });
  await region.waitFor({ state: "attached" });
  assert.equal(await region.getAttribute("role"), "status", "it is a live region");
  const loud = await region.evaluate((at) => at.closest("[aria-live=assertive],[role=alert],[aria-hidden=true],[hidden]") !== null);
  assert.equal(loud, false, "it is polite, and to be heard");
}

/** The seconds that the clock shows. */
async function left(page) {
  const [minutes, seconds] = (await page.locator("#left").innerText()).split(":");
  return Number(minutes) * 60 + Number(seconds);
}

/** The warning comes, one press extends, and the server keeps to it. */
async function warned(page) {
  await said(page, WARNING);
  assert.ok((await left(page)) <= 120, "not before there are two minutes left");
  assert.match(await page.locator("#clock").getAttribute("class"), /\blow\b/, "the clock shows it too");
  const more = page.getByRole("button", { name: "Give me ten more minutes" });
  await more.click();
  await said(page, "You have ten more minutes.");
  assert.equal(await more.count(), 0, "it is given once");
  // The clock shows what was given with its next tick.
  await page.locator("#left").getByText(/^1\d:/).waitFor();
  await page.locator("#clock:not(.low)").waitFor();
  await page.reload();
  await awake(page);
  assert.ok((await left(page)) > 180, "the server gave it");
}

async function whereSeatsAreChosen() {
  const { page, leave } = await visit(browser, shop);
  await openSeats(page, event);
  // What is read aloud before is not the warning.
  await holdBest(page, 2);
  await said(page, "2 seats held for you");
  await said(page, WARNING);
  // Opened when the time is short already, the page says so too.
  await page.reload();
  await awake(page);
  await warned(page);
  await leave();
}

/** Two visitors who look elsewhere before the two minutes begin: one was choosing seats, one is at the checkout. */
async function elsewhere() {
  // A machine may stand still until they have begun: then two others come.
  for (let tries = 1; tries <= 4; tries += 1) {
    const visitors = await Promise.all([visit(browser, shop), visit(browser, shop)]);
    const [seats, checkout] = visitors.map(({ page }) => page);
    for (const page of [seats, checkout]) {
      await page.addInitScript(() => {
        window.elsewhere = false;
        Object.defineProperty(document, "visibilityState", { get: () => (window.elsewhere ? "hidden" : "visible") });
      });
      await openSeats(page, event);
    }
    const watched = watch(BEFORE);
    for (const page of [seats, checkout]) await holdBest(page, 2);
    await toCheckout(checkout);
    await awake(checkout);
    for (const page of [seats, checkout]) await page.evaluate(() => (window.elsewhere = true));
    if ((await left(seats)) > 120 && (await left(checkout)) > 120) return visitors;
    watched.end();
    assert.ok(watched.lost() >= BEFORE * MUCH, `nobody was elsewhere in time, and the machine stood still for ${watched.lost()} ms alone`);
    noteToldAgain("the two minutes had begun");
    for (const { leave } of visitors) await leave();
  }
  assert.fail("nobody was elsewhere in time");
}

async function whoComesBack() {
  const visitors = await elsewhere();
  const [seats, checkout] = visitors.map(({ page }) => page);
  // Of the two holds it is the later one.
  await checkout.locator("#clock.low").waitFor();
  await checkout.waitForTimeout(5_000);
  for (const page of [seats, checkout]) {
    assert.equal(await page.locator("#said", { hasText: WARNING }).count(), 0, "nothing is said to nobody");
    await page.evaluate(() => (window.elsewhere = false));
    await said(page, WARNING);
    assert.ok((await left(page)) <= 120, "the time is short");
  }
  for (const { leave } of visitors) await leave();
}

async function atTheCheckout() {
  const { page, leave } = await visit(browser, shop);
  await openSeats(page, event);
  await holdBest(page, 2);
  await toCheckout(page);
  await awake(page);
  await warned(page);
  await leave();
}

const walk = beside();
walk("the last two minutes are told where seats are chosen, and one press gives more", whereSeatsAreChosen);
walk("who comes back when the two minutes have begun is told too, in either place", whoComesBack);
walk("the last two minutes are told at the checkout, and one press gives more", atTheCheckout);
