// Scripts off: plain links and plain forms, to the tickets.
import assert from "node:assert/strict";
import { test } from "node:test";
import { visit } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { pay, tickets, toCheckout } from "./support/walk.mjs";

evening();

test("buys without JavaScript", async () => {
  const { page, leave } = await visit(browser, shop, { javaScriptEnabled: false });
  await page.goto("/");
  await page.locator(`a[href='/events/${event.slug}']`).first().click();
  await page.locator("main a.btn[href$='/seats']").first().click();
  await page.locator(".sections a").first().click();
  const free = page.locator(".seatrow input[type=checkbox]");
  assert.ok((await free.count()) > 4, "the open section shows its free seats");
  await free.nth(0).check();
  await free.nth(1).check();
  await page.getByRole("button", { name: "Hold these seats" }).click();
  assert.equal(await page.locator("li.item").count(), 2, "both seats are in the basket");
  await page.getByRole("button", { name: "Give me ten more minutes" }).click();
  assert.equal(await page.getByRole("button", { name: "Give me ten more minutes" }).count(), 0, "a hold is extended once");
  await toCheckout(page);
  await pay(page);
  await tickets(page, 2);
  await leave();
});

test("the best two are one press away without JavaScript", async () => {
  const { page, leave } = await visit(browser, shop, { javaScriptEnabled: false });
  await page.goto(`/events/${event.slug}`);
  await page.getByRole("button", { name: "2 best seats together" }).click();
  assert.equal(await page.locator("li.item").count(), 2);
  await page.getByRole("button", { name: "Let them go" }).click();
  assert.equal(await page.locator("li.item").count(), 0, "what is let go is gone");
  await leave();
});
