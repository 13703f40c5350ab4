// The door, from a shell: what a scanner reads off the screen is believed without a server, and nothing else is.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { PATIENCE, visit } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { scan } from "./support/scanner.mjs";
import { binary, open } from "./support/server.mjs";
import { holdBest, openSeats, pay, tickets, toCheckout } from "./support/walk.mjs";

evening();

/** Buys a ticket; ends with what a scanner reads off its page, and what the page says of the seat. */
async function bought() {
  const { page, leave } = await visit(browser, shop);
  await openSeats(page, event);
  await holdBest(page, 1);
  await toCheckout(page);
  await pay(page);
  const [ticket] = await tickets(page, 1);
  await page.goto(ticket);
  const place = (await page.locator("dl.place dd").allInnerTexts()).map((text) => text.trim());
  const picture = (await page.locator(".scan").screenshot()).toString("base64");
  await leave();
  return { token: await scan(browser, picture), place };
}

/** `parterre ticket verify`: how it ended and what it said where. */
function verify(token, data) {
  return new Promise((resolve) => {
    execFile(binary, ["ticket", "verify", token, "--data", data], { timeout: PATIENCE }, (error, out, err) => resolve({ exit: error ? error.code : 0, out, err }));
  });
}

/** The token with its `nth` letter changed for another one that tokens are written with. */
const forged = (token, nth) => token.slice(0, nth) + (token[nth] === "A" ? "B" : "A") + token.slice(nth + 1);

test("a ticket is checked from the shell: genuine, forged, another shop's", async () => {
  const { token, place } = await bought();
  const other = await open({}, { fresh: true });
  try {
    await Promise.all([shop.halt(), other.halt()]);
    await assert.rejects(fetch(shop.base), "no server is asked");

    const good = await verify(token, shop.data);
    assert.deepEqual([good.exit, good.err], [0, ""]);
    assert.match(good.out, /^Genuine\./);
    for (const part of place) assert.ok(good.out.includes(part), `"${part}" of the page is said: ${good.out}`);

    // Each part of it: version, key, ids, place, label, signature.
    for (let nth = 0; nth < token.length; nth += 9) {
      const { exit, out, err } = await verify(forged(token, nth), shop.data);
      assert.deepEqual([exit, out], [2, ""], `letter ${nth + 1} of ${token.length} changed`);
      assert.match(err, /not genuine|not one of our tickets|a key we do not know|of a newer kind/);
    }

    const foreign = await verify(token, other.data);
    assert.deepEqual([foreign.exit, foreign.out], [2, ""], "another shop believes its own tickets only");
    assert.match(foreign.err, /a key we do not know/);
  } finally {
    await other.close();
  }
});
