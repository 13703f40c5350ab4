// The rules of a choice are asked in the browser: a press that they forbid is answered there and then, and nothing is sent.
import assert from "node:assert/strict";
import { test } from "node:test";
import { visit } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { holdBest, inBasket, openLiveList } from "./support/walk.mjs";

evening();

test("the rules are asked before anything is sent", async () => {
  const { page, leave } = await visit(browser, shop);
  await openLiveList(page, event, 0);
  const sent = [];
  page.on("request", (request) => request.method() === "POST" && sent.push(request.url()));
  const [notice, seats] = [page.locator("#notice"), page.locator("#live-rows button.seat")];
  // The second seat of a row: the first would be left alone.
  await seats.nth(1).click();
  await notice.getByText(/would leave seat .* alone/).waitFor();
  assert.deepEqual(sent, []);
  // What would do instead is a press away, and that is asked for.
  await notice.getByRole("button").click();
  await inBasket(page, 1);
  assert.equal(sent.length, 1);
  await holdBest(page, 10);
  assert.equal(sent.length, 2);
  const free = page.locator("#live-rows button.seat:not([aria-pressed=true]):not([aria-disabled=true])");
  await free.first().click();
  await notice.getByText("One basket takes at most 10 places. Please choose fewer.").waitFor();
  assert.equal(sent.length, 2, "the eleventh is not asked for");
  await inBasket(page, 10);
  await leave();
});
