// Where all stand the page hears too: of what is left, and of a server that forgot what was held.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lost, refused, visit } from "./support/browser.mjs";
import { browser, evening, shop } from "./support/evening.mjs";
import { silent, telling } from "./support/streams.mjs";
import { inBasket, openSeats } from "./support/walk.mjs";

evening();

test("of a standing price as many are offered as are left, as others take them and let them go", async () => {
  const { standing } = await shop.events();
  const { page, leave } = await visit(browser, shop);
  await page.addInitScript(silent);
  await openSeats(page, standing);
  await page.waitForFunction(() => window.streams.length === 1);
  const tell = telling(page);
  const select = page.locator(".tierpick select").first();
  const tier = await select.getAttribute("data-tier");
  const none = page.locator(".tierpick .line").first().getByText("none left");
  const left = (n) => tell("left", `7-${n}`, JSON.stringify({ total: n, tiers: { [tier]: n } }));
  const offers = async () => (await select.locator("option").allInnerTexts()).join();
  await left(2);
  assert.equal(await offers(), "0,1,2");
  await select.selectOption("2");
  await select.focus();
  await left(3);
  assert.deepEqual([await offers(), await select.inputValue()], ["0,1,2,3", "2"], "what was chosen stays");
  assert.equal(await select.evaluate((field) => field === document.activeElement), true, "the cursor too");
  await left(1);
  assert.deepEqual([await offers(), await select.inputValue(), await none.isVisible()], ["0,1", "0", false]);
  await left(0);
  assert.deepEqual([await select.isDisabled(), await none.isVisible()], [true, true]);
  await left(4);
  assert.deepEqual([await select.isDisabled(), await none.isVisible(), await offers()], [false, false, "0,1,2,3,4"], "it comes back");
  await leave();
});

test("standing tickets that the server forgot are asked for again", async () => {
  const { standing } = await shop.events();
  const expected = [refused(410, /^\/api\/v1\/holds\//), lost(/^\/api\/v1\//, /^ERR_/)];
  const { page, leave } = await visit(browser, shop, { expected });
  await openSeats(page, standing);
  await page.locator("#live", { hasText: "Live" }).waitFor();
  await page.locator(".tierpick select").first().selectOption("2");
  await page.getByRole("button", { name: "Hold tickets" }).click();
  await inBasket(page, 1);
  const again = page.waitForResponse((answer) => answer.request().method() === "POST" && answer.url().endsWith("/holds") && answer.ok());
  await shop.restart();
  await again;
  await inBasket(page, 1);
  await page.reload();
  await inBasket(page, 1);
  await leave();
});
