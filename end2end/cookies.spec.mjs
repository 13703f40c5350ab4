// Browsers that keep fewer cookies than others: on one's own machine one that keeps no `Secure` cookie over http, as Safari,
// buys all the same; one that keeps none at all is told so, and nothing is held for it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { refused, visit } from "./support/browser.mjs";
import { between } from "./support/between.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { hold, letGo } from "./support/others.mjs";
import { holdBest, inBasket, openSeats, pay, tickets, toCheckout } from "./support/walk.mjs";

evening();

const TOLD = /Without one we cannot tell which places are yours, so none were held\. Please press again\./;

/** Visits the shop by whoever stands between, as long as `walk` takes. */
async function visiting(keeps, options, walk) {
  const middle = await between(shop, keeps);
  const { page, context, leave } = await visit(browser, middle, options);
  try {
    await walk(page, context);
    await leave();
  } finally {
    await context.close();
    await middle.close();
  }
}

/** Buys two seats; of the cookies it keeps none is `Secure`, and no script reads any. */
async function buys(page, context, choose) {
  await choose();
  await page.reload();
  assert.equal(await page.locator("aside.side li.item").count(), 2, "the basket is found again");
  await toCheckout(page);
  await pay(page);
  await tickets(page, 2);
  const kept = await context.cookies();
  assert.ok(kept.length > 0 && kept.every(({ secure, httpOnly, sameSite }) => !secure && httpOnly && sameSite === "Lax"));
}

const insecure = (cookie) => !/; *secure/i.test(cookie);

test("a browser that keeps no Secure cookie on this machine buys", async () => {
  await visiting(insecure, {}, (page, context) =>
    buys(page, context, async () => {
      await openSeats(page, event);
      await holdBest(page, 2);
    }),
  );
});

test("a browser that keeps no Secure cookie on this machine buys without scripts", async () => {
  await visiting(insecure, { javaScriptEnabled: false }, (page, context) =>
    buys(page, context, async () => {
      await page.goto(`/events/${event.slug}`);
      await page.getByRole("button", { name: /best seats together/ }).click();
      await page.waitForURL(/\/seats$/);
    }),
  );
});

/** The seats that somebody else would be given: the same ones, as long as nobody holds them. */
async function best() {
  const other = await hold(shop, event, { best: { quantity: 2 } });
  await letGo(shop, other);
  return other.lines.map(({ seat }) => seat);
}

/** A visit by who keeps nothing; afterwards the best seats are still to be had. */
async function nothing(javaScriptEnabled, walk) {
  const before = await best();
  await visiting(() => false, { javaScriptEnabled, expected: [refused(422, /\/holds?$/)] }, walk);
  assert.deepEqual(await best(), before, "nothing is held");
}

test("a browser that keeps no cookie is told so and nothing is held", async () => {
  await nothing(true, async (page) => {
    await openSeats(page, event);
    await page.getByRole("button", { name: "Best 2 together" }).click();
    await page.locator("#notice", { hasText: TOLD }).waitFor();
    await inBasket(page, 0);
  });
});

test("a browser that keeps no cookie is told so and nothing is held without scripts", async () => {
  await nothing(false, async (page) => {
    for (const [at, button] of [["", /best seats together/], ["/seats", "Best 2 together"]]) {
      await page.goto(`/events/${event.slug}${at}`);
      await page.getByRole("button", { name: button }).click();
      await page.getByRole("heading", { level: 1, name: "Your browser kept no cookie" }).waitFor();
      await page.getByText(TOLD).waitFor();
    }
    await page.getByRole("link", { name: "Back to the seats" }).click();
    await page.waitForURL(/\/seats$/);
  });
});

test("a page whose cookie was lost holds by the same press", async () => {
  const { page, context, leave } = await visit(browser, shop, { expected: [refused(422, /\/holds$/)] });
  await openSeats(page, event);
  await context.clearCookies();
  await holdBest(page, 2);
  assert.equal(await page.locator("#notice").innerText(), "", "nobody is told of a cookie that is there again");
  await page.reload();
  await inBasket(page, 2);
  await leave();
});
