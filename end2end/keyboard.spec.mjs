// The same way without ever touching a mouse; focus is visible at every stop.
import { test } from "node:test";
import { visit } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { CARDS, awake, inBasket, openSeats, tabTo, tickets } from "./support/walk.mjs";

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
    await page.waitForTimeout(400);
  }
  await page.locator("aside.side li.item").first().waitFor();
  await leave();
});
