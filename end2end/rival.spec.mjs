// Two people after one seat: one has it, the other is told and given the nearest equal one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { visit } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { basket, inBasket, openList } from "./support/walk.mjs";

evening();

test("two browsers want the same seat", async () => {
  const refused = { expected: [/status of 409 .*\/holds/, /ERR_FAILED.*\/availability\/stream/] };
  const [one, two] = await Promise.all([visit(browser, shop, refused), visit(browser, shop, refused)]);
  // The second hears nothing of others, as on a train in a tunnel.
  await two.page.route("**/availability/stream*", (route) => route.abort());
  await openList(one.page, event, 0);
  await openList(two.page, event, 0);
  const wanted = 3;
  const label = await two.page.locator("#live-rows button.seat").nth(wanted).getAttribute("aria-label");
  await one.page.locator("#live-rows button.seat").nth(wanted).click();
  await inBasket(one.page, 1);
  await two.page.locator("#live-rows button.seat").nth(wanted).click();
  await two.page.locator(".side").getByText(/taken|instead/i).first().waitFor();
  await inBasket(two.page, 1);
  const [mine, yours] = [await basket(one.page), await basket(two.page)];
  assert.notEqual(mine[0], yours[0], `both were promised ${label}`);
  await Promise.all([one.leave(), two.leave()]);
});
