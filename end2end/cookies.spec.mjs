// Browsers that keep fewer cookies than others: on one's own machine one that keeps no `Secure` cookie over http, as Safari,
// buys all the same; one that keeps none at all is told so, and nothing is held for it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { refused, visit } from "./support/browser.mjs";
import { between } from "./support/between.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
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

/** How many places are to be had. */
async function left() {
  const { tiers } = await (await fetch(`${shop.base}/api/v1/events/${event.slug}`)).json();
  return tiers.reduce((sum, tier) => sum + tier.available, 0);
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

/** How many places are left, once what was bought just now is counted: it is looked at once a second. */
async function settled() {
  for (let looks = 0; looks < 10; looks += 1) {
    const before = await left();
    await new Promise((later) => setTimeout(later, 2_500));
    if ((await left()) === before) return before;
  }
  assert.fail("the count of what is left does not come to rest");
}

/** A visit by who keeps nothing; afterwards every place is still to be had. */
async function nothing(javaScriptEnabled, walk) {
  const before = await settled();
  await visiting(() => false, { javaScriptEnabled, expected: [refused(422, /\/holds?$/)] }, walk);
  assert.equal(await settled(), before, "nothing is held");
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
