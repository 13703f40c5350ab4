// Where an event is gone nobody is asked any more, and the page says what to do.
import assert from "node:assert/strict";
import { test } from "node:test";
import { refused, visit } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";

evening();

const GONE = "Load the page again to see why.";
const expected = [401, 403, 404, 410, 425, 429, 503].map((status) => refused(status, /\/availability(\/stream)?$/));

/** Answers a request so, and nothing else. */
const answer = (status) => (route) => route.fulfill({ status, body: "" });

test("an event that is gone is said to be gone and asked about no more", async () => {
  const { page, leave } = await visit(browser, shop, { expected });
  let asked = 0;
  await page.route("**/availability", (route) => {
    asked += 1;
    return asked === 1 ? answer(503)(route) : answer(404)(route);
  });
  await page.goto(`/events/${event.slug}/seats`);
  await page.locator("#notice", { hasText: GONE }).waitFor();
  await page.waitForTimeout(7_000);
  assert.equal(asked, 2, "a busy house is asked again, one that is gone is not");
  assert.equal(await page.locator("#still-list").count(), 1, "the server's list stays");
  await leave();
});
