// Time runs out: nothing is charged, and one press brings the seats back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lost, refused, visit } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { awake, holdBest, inBasket, openSeats, toCheckout } from "./support/walk.mjs";

// Longer than a machine stands still between two steps.
evening({ PARTERRE_HOLD_SECONDS: "15" });

test("a hold that ran out gives a way on", async () => {
  const { page, leave } = await visit(browser, shop, { expected: [refused(410, /^\/(api\/v1\/holds|checkout|orders)\//)] });
  await openSeats(page, event);
  await holdBest(page, 2);
  await page.getByRole("button", { name: "Take the same seats again" }).click();
  await inBasket(page, 2);
  await toCheckout(page);
  await page.getByText(/time (ran|is) (out|up)/i).first().waitFor();
  assert.ok(await page.getByText(/nothing was charged/i).first().isVisible());
  await leave();
});

test("time that runs out without a connection leads nowhere until there is one", async () => {
  const expected = [refused(410, /^\/(api\/v1\/holds|checkout|orders)\//), lost(/^\/healthz$/, /^ERR_INTERNET_DISCONNECTED$/)];
  const { page, context, leave } = await visit(browser, shop, { expected });
  await openSeats(page, event);
  await holdBest(page, 2);
  await toCheckout(page);
  await awake(page);
  await context.setOffline(true);
  await page.locator("#left", { hasText: "0:00" }).waitFor();
  await page.waitForTimeout(2_000);
  assert.match(new URL(page.url()).pathname, /^\/checkout\//, "and not to the browser's own page");
  await context.setOffline(false);
  await page.getByText(/time (ran|is) (out|up)/i).first().waitFor();
  await leave();
});
