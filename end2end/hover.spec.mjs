// The map under the mouse: the card beside a seat says where it is and what is special about it, and says so when
// somebody else takes it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { visit } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { inBasket, openSeats, soon } from "./support/walk.mjs";

evening();

const DESK = { viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" };
const said = (page) => page.locator("#said").textContent();

/** Presses an arrow on the map; the seat's words, or nothing where it leads no further. */
async function step(page, key) {
  const before = await said(page);
  await page.keyboard.press(key);
  const moved = async () => /^Row /.test(await said(page)) && (await said(page)) !== before;
  return (await soon(page, moved)) ? said(page) : "";
}

/** The card, once it is there. */
async function card(page) {
  await page.locator("#peek:not([hidden])").waitFor();
  return (await page.locator("#peek").innerText()).split("\n").map((line) => line.trim()).filter(Boolean);
}

/** Takes the keyboard from the map and puts the mouse on the seat that it was on, found by the card's words. */
async function hover(page) {
  const title = (await card(page))[0];
  const [map, box] = await Promise.all(["canvas#map", "#peek"].map((at) => page.locator(at).boundingBox()));
  await page.locator("canvas#map").blur();
  await page.locator("#peek").waitFor({ state: "hidden" });
  // The card stands beside the seat, its lower edge at the seat's height.
  for (const beside of [-14, -18, -22, -26, -30, box.width + 14, box.width + 18, box.width + 22, box.width + 26]) {
    for (const down of [0, 6, 12, -6]) {
      const [x, y] = [box.x + beside, box.y + box.height + down];
      if (y > map.y + map.height) continue;
      await page.mouse.move(x, y);
      const found = async () => (await page.locator("#peek:not([hidden])", { hasText: title }).count()) > 0;
      if ((await soon(page, found, 16)) && (await card(page))[0] === title) return;
    }
  }
  assert.fail(`the mouse did not find ${title}`);
}

/** What the list that the server draws says of every seat: `Section|Row A, seat 3` and its notes. */
async function told() {
  const { page, leave } = await visit(browser, shop, { javaScriptEnabled: false });
  await page.goto(`/events/${event.slug}/seats`);
  const notes = new Map();
  for (const href of await page.locator(".sections a").evaluateAll((links) => links.map((link) => link.getAttribute("href")))) {
    await page.goto(href);
    const section = await page.locator("#rows h2").innerText();
    const rows = await page.locator(".seatrow").evaluateAll((rows) => rows.map((row) => [row.querySelector("legend").textContent, [...row.querySelectorAll("label")].map((seat) => [seat.textContent.trim(), seat.title])]));
    for (const [row, seats] of rows) for (const [number, note] of seats) notes.set(`${section}|${row}, seat ${number}`, note);
  }
  await leave();
  return notes;
}

test("the card under the mouse says section, row, seat, price and what is special", async () => {
  const notes = await told();
  const { page, leave } = await visit(browser, shop, DESK);
  await openSeats(page, event);
  await page.locator("canvas#map").focus();
  assert.match(await step(page, "ArrowUp"), /^Row /);
  while (await step(page, "ArrowUp"));
  // Along the first row: past its wheelchair place and the one beside it, to where the wall hides a part of the stage.
  const wanted = new Set(["step-free", "companion's place", "restricted view"]);
  for (let steps = 0; wanted.size > 0 && steps < 60; steps += 1) {
    const here = await said(page);
    const special = [...wanted].find((note) => here.includes(note));
    if (special) {
      wanted.delete(special);
      await hover(page);
      const [title, price, detail] = await card(page);
      assert.match(price, /^€\d+\.\d\d$/);
      const [section, floor, ...rest] = detail.split(" · ");
      assert.ok(floor && /Stalls|Circle/.test(floor), `the floor is named: ${detail}`);
      assert.equal(rest.join(", "), notes.get(`${section}|${title}`), `the card of ${title} says what the list says`);
      assert.ok(rest.includes(special), `${title} is said to be ${special}: ${detail}`);
      await page.mouse.move(2, 2);
      await page.locator("#peek").waitFor({ state: "hidden" });
      await page.locator("canvas#map").focus();
    }
    await step(page, "ArrowLeft");
  }
  assert.deepEqual([...wanted], [], "every kind of note was met");
  await leave();
});

test("a seat under the mouse says so when others take it, and when it comes back", async () => {
  const [one, two] = await Promise.all([visit(browser, shop, DESK), visit(browser, shop, DESK)]);
  for (const { page } of [one, two]) {
    await openSeats(page, event);
    await page.locator("#live", { hasText: "Live" }).waitFor();
    await page.locator("#quantity").fill("1");
    await page.locator("#quantity").blur();
    await page.locator("canvas#map").focus();
    for (let steps = 0; steps < 3; steps += 1) assert.match(await step(page, "ArrowRight"), /^Row /);
  }
  await hover(one.page);
  const [title, , free] = await card(one.page);
  assert.deepEqual((await card(two.page))[0], title, "both are at the same seat");
  assert.doesNotMatch(free, /held by others/);
  await two.page.keyboard.press("Enter");
  await inBasket(two.page, 1);
  await one.page.locator("#said", { hasText: `${title} was just taken.` }).waitFor({ state: "attached" });
  await one.page.locator("#peek", { hasText: "held by others" }).waitFor();
  assert.equal((await card(one.page))[0], title, "the card is still that seat's");
  await two.page.getByRole("button", { name: "Let them go" }).click();
  await one.page.locator("#said", { hasText: `${title} is free again.` }).waitFor({ state: "attached" });
  await one.page.locator("#peek", { hasText: "held by others" }).waitFor({ state: "hidden" });
  assert.deepEqual((await card(one.page))[2], free);
  await Promise.all([one.leave(), two.leave()]);
});
