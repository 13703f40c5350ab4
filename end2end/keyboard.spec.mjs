// The same way without ever touching a mouse; focus is visible at every stop.
import assert from "node:assert/strict";
import { test } from "node:test";
import { visit } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { CARDS, awake, drawn, inBasket, moved, openSeats, still, tabTo, tickets } from "./support/walk.mjs";

evening();

test("buys with the keyboard alone", async () => {
  const { page, leave } = await visit(browser, shop);
  await page.goto("/");
  await tabTo(page, page.locator(`.rows a[href='/events/${event.slug}']`).first());
  await page.keyboard.press("Enter");
  await tabTo(page, page.locator("main a.btn[href$='/seats']").first());
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/seats/);
  await awake(page);
  await tabTo(page, page.getByRole("button", { name: /^Best / }));
  await page.keyboard.press("Enter");
  await inBasket(page, 2);
  await tabTo(page, page.getByRole("link", { name: "Continue to checkout" }));
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/checkout\//);
  const typed = { name: "Sample Buyer", email: "buyer@example.org", card: CARDS.good, expiry: "12/34", code: "123" };
  for (const [name, words] of Object.entries(typed)) {
    await tabTo(page, page.locator(`[name=${name}]`));
    await page.keyboard.type(words);
  }
  await page.keyboard.press("Enter");
  await tickets(page, 2);
  await leave();
});

test("the list is the first stop, before the map", async () => {
  const { page, leave } = await visit(browser, shop);
  await openSeats(page, event);
  await page.keyboard.press("Tab");
  const link = page.getByRole("link", { name: "Choose from a list" });
  assert.equal(await link.evaluate((at) => at === document.activeElement), true, "one press of Tab leads to it");
  await page.keyboard.press("Enter");
  await page.getByRole("tab", { name: "List", selected: true }).waitFor();
  await page.waitForFunction(() => document.activeElement.id === "list");
  await page.locator("#c0").waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.id), "c0", "the next stop is its first section");
  const before = await page.evaluate(() => {
    const [list, map] = ["list", "map"].map((id) => document.getElementById(id));
    return (list.compareDocumentPosition(map) & Node.DOCUMENT_POSITION_FOLLOWING) > 0;
  });
  assert.equal(before, true, "the map comes after it");
  await leave();
});

/** The seat under the focus ring, as it is read aloud; once it is another one than `before`. */
async function pointed(page, key, before = "") {
  await page.keyboard.press(key);
  await page.waitForFunction((before) => /^Row /.test(document.querySelector("#said").textContent) && document.querySelector("#said").textContent !== before, before);
  const text = await page.locator("#said").innerText();
  const [, row, seat] = text.match(/^Row (\S+), seat (\S+),/);
  return { text, row, seat: Number(seat) };
}

test("arrows go along the row, then from row to row", async () => {
  const { page, leave } = await visit(browser, shop);
  await openSeats(page, event);
  await page.locator("canvas#map").focus();
  const start = await pointed(page, "ArrowRight");
  const right = await pointed(page, "ArrowRight", start.text);
  assert.equal(right.row, start.row, "right stays in the row");
  assert.equal(Math.abs(right.seat - start.seat), 1, "and goes to the neighbour");
  const back = await pointed(page, "ArrowLeft", right.text);
  assert.deepEqual(back, start, "left undoes right");
  const down = await pointed(page, "ArrowDown", back.text);
  assert.notEqual(down.row, start.row, "down leaves the row");
  const further = await pointed(page, "ArrowRight", down.text);
  assert.equal(further.row, down.row);
  const left = await pointed(page, "ArrowLeft", further.text);
  assert.deepEqual(await pointed(page, "ArrowUp", left.text), start, "up undoes down");
  await leave();
});

test("keys and a button go nearer and back, page keys from section to section, and Escape leaves the seat", async () => {
  const { page, leave } = await visit(browser, shop);
  await openSeats(page, event);
  const map = page.locator("canvas#map");
  await map.focus();
  const whole = await still(page);
  const press = (key) => () => page.keyboard.press(key);
  const click = (name) => () => page.getByRole("button", { name }).click();
  for (const [back, how] of [[press("-"), "minus"], [press("Home"), "Home"], [press("0"), "0"], [click("Zoom out"), "the button"]]) {
    await map.focus();
    await page.keyboard.press("+");
    const near = await moved(page, whole);
    assert.notEqual(near, whole, "plus goes nearer");
    await back();
    await map.focus();
    assert.equal(await moved(page, near), whole, `${how} goes back to the whole house`);
  }
  const section = ({ text }) => text.split(", ")[3];
  const start = await pointed(page, "ArrowRight");
  const next = await pointed(page, "PageDown", start.text);
  assert.notEqual(section(next), section(start));
  assert.equal(section(await pointed(page, "PageUp", next.text)), section(start));
  await page.locator("#peek").waitFor();
  await page.keyboard.press("Escape");
  await page.locator("#peek").waitFor({ state: "hidden" });
  await leave();
});

test("takes a seat on the map by arrow keys", async () => {
  const { page, leave } = await visit(browser, shop);
  await openSeats(page, event);
  await tabTo(page, page.getByRole("tab", { selected: true }));
  const map = page.getByRole("tab", { name: "Map" });
  if ((await map.getAttribute("aria-selected")) !== "true") await page.keyboard.press("ArrowRight");
  await tabTo(page, page.locator("canvas"));
  for (let at = 0; at < 12 && (await page.locator("aside.side li.item").count()) === 0; at += 1) {
    await page.keyboard.press(at % 3 === 2 ? "ArrowDown" : "ArrowRight");
    await page.keyboard.press("Enter");
    await drawn(page);
    // While an answer is on its way there is no next press.
    await page.locator("#pick:not([aria-busy=true])").waitFor();
  }
  await page.locator("aside.side li.item").first().waitFor();
  await leave();
});
