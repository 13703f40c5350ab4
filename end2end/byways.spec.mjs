// The pages beside the straight way shut nobody out either: axe on the bank's question, a declined card, time that ran
// out, standing and free tickets, and every page whose scripts do not arrive.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { test } from "node:test";
import { violations } from "./support/axe.mjs";
import { lost, refused, visit, words } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { open } from "./support/server.mjs";
import { CARDS, awake, fillCard, holdBest, inBasket, openSeats, pay, toCheckout } from "./support/walk.mjs";

evening();

const out = new URL("out/", import.meta.url).pathname;
mkdirSync(out, { recursive: true });

/** A visitor with an eye for what axe finds, in light and in dark; `leave` tells all of it. */
async function looking(options, where = shop) {
  const visitor = await visit(browser, where, options);
  const found = [];
  return {
    ...visitor,
    async look(name) {
      for (const colorScheme of ["light", "dark"]) {
        await visitor.page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        await visitor.page.screenshot({ path: `${out}byways-${name}-${colorScheme}.png` });
        found.push(...(await violations(visitor.page)).map((line) => `${name} ${colorScheme}: ${line}`));
      }
    },
    async leave() {
      assert.deepEqual(found, []);
      await visitor.leave();
    },
  };
}

test("a declined card, the bank's question and time that ran out shut nobody out", async () => {
  await Promise.all([theBankSaysNo(), timeRunsOut()]);
});

async function theBankSaysNo() {
  const { page, look, leave } = await looking();
  await openSeats(page, event);
  await holdBest(page, 1);
  await toCheckout(page);
  await awake(page);
  await pay(page, CARDS.poor);
  await page.getByText(/seats are safe|stay yours|not enough|too little/i).first().waitFor();
  await look("declined");
  await fillCard(page, CARDS.secure);
  await page.getByRole("button", { name: /^Pay / }).click();
  await page.getByRole("heading", { name: "Is this you?" }).waitFor();
  await look("bank");
  await page.getByRole("button", { name: "No, this is not me" }).click();
  await page.getByText(/seats are safe|stay yours/i).first().waitFor();
  await leave();
}

/** In a shop of its own, where nobody has to wait long for it. */
async function timeRunsOut() {
  const brief = await open({ PARTERRE_HOLD_SECONDS: "20" });
  try {
    const { page, look, leave } = await looking({ expected: [refused(410, /^\/(api\/v1\/holds|checkout|orders)\//)] }, brief);
    await openSeats(page, event);
    await holdBest(page, 1);
    await toCheckout(page);
    await page.getByText(/time (ran|is) (out|up)/i).first().waitFor();
    await look("over");
    await leave();
  } finally {
    await brief.close();
  }
}

test("standing and free tickets shut nobody out", async () => {
  const { page, look, leave } = await looking();
  const { standing } = await shop.events();
  for (const [name, slug] of Object.entries({ standing: standing.slug, free: "undertow-open-soundcheck" })) {
    await page.goto(`/events/${slug}`);
    await look(`${name}-event`);
    await openSeats(page, { slug });
    await look(`${name}-places`);
    await page.locator(".tierpick select").first().selectOption({ index: 1 });
    await page.getByRole("button", { name: "Hold tickets" }).click();
    await inBasket(page, 1);
    await look(`${name}-held`);
    await toCheckout(page);
    await look(`${name}-checkout`);
  }
  await leave();
});

test("pages whose scripts could not be had shut nobody out", async () => {
  // Where scripts are forbidden axe cannot look either: here they do not arrive, and the pages are the same. (The policy has
  // a word on a preload that failed, as nothing vouches for it.)
  const { page, look, leave } = await looking({ expected: [lost(/\.js$/), words(/runs without scripts/), words(/^Loading the script '[^']*parterre\.js' violates/)] });
  await page.route("**/*.js", (route) => route.abort());
  const still = () => page.waitForSelector("html.still", { state: "attached" });
  await page.goto("/");
  await look("plain-list");
  await page.goto(`/events/${event.slug}/seats`);
  await still();
  await look("plain-sections");
  await page.locator(".sections a").first().click();
  await page.waitForURL(/section=/);
  await still();
  await look("plain-rows");
  await page.locator(".seatrow input[type=checkbox]").first().check();
  await page.getByRole("button", { name: "Hold these seats" }).click();
  await page.locator("li.item").waitFor();
  await still();
  await look("plain-held");
  await toCheckout(page);
  await still();
  await look("plain-checkout");
  await leave();
});

test("a bundle that lost its type on its way wakes the page all the same", async () => {
  const { page, leave } = await visit(browser, shop);
  let bundles = 0;
  await page.route("**/*.wasm", async (route) => {
    bundles += 1;
    const answer = await route.fetch();
    const { "content-encoding": _, "content-length": __, ...headers } = answer.headers();
    await route.fulfill({ response: answer, headers: { ...headers, "content-type": "application/octet-stream" } });
  });
  await openSeats(page, event);
  assert.ok(bundles > 0);
  await leave();
});
