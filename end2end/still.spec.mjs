// Every page with scripting off, light and dark, at a desk and on a phone: axe finds nothing and the console says nothing.
// The pages are loaded and walked without scripts. Axe is a script itself: it looks at a copy of each page as it stands
// there, with the scripts taken out.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { test } from "node:test";
import { violations } from "./support/axe.mjs";
import { PHONE, refused, visit } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { CARDS, pay, tickets, toCheckout } from "./support/walk.mjs";

evening();

const out = new URL("out/", import.meta.url).pathname;
mkdirSync(out, { recursive: true });

const DESK = { viewport: { width: 1440, height: 900 } };
const NOBODY = "01890000-0000-7000-8000-000000000000";

/** What the pages refuse on the way, each by the page that says so. */
const expected = [
  refused(404, /^\/(nowhere|events\/nothing-here)$/),
  refused(401, /^\/checkout\//),
  refused(405, /^\/holds\//),
  refused(410, /^\/checkout\//),
  refused(422, /^\/checkout\//),
];

/** The page without its scripts; what stands there for whoever has none stays. */
const copied = async (page) => (await page.content()).replace(/<script\b[\s\S]*?<\/script>/g, "").replace(/<\/?noscript[^>]*>/g, "");

/** A visitor without scripts, and an eye on what axe finds; `leave` tells all of it. */
async function walker(name, options) {
  const visitor = await visit(browser, shop, { javaScriptEnabled: false, expected, ...options });
  const eye = await visit(browser, shop, options);
  const [{ page }, found] = [visitor, []];
  let copy = "";
  await eye.page.route("**/*", async (route) => {
    const kind = route.request().resourceType();
    if (kind === "document") return route.fulfill({ contentType: "text/html; charset=utf-8", body: copy });
    if (kind !== "stylesheet") return route.continue();
    // The eye has scripts, and is to see what is drawn for who has none.
    const response = await route.fetch();
    const body = (await response.text()).replaceAll("(scripting:none)", "(min-width:0px)").replaceAll("(scripting:enabled)", "(max-width:0px)");
    return route.fulfill({ contentType: "text/css; charset=utf-8", body });
  });
  return {
    page,
    async look(at) {
      // A page half come is half as high.
      await page.waitForLoadState();
      copy = await copied(page);
      await eye.page.goto(page.url());
      for (const colorScheme of ["light", "dark"]) {
        for (const seen of [page, eye.page]) await seen.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        await page.screenshot({ path: `${out}still-${at}-${name}-${colorScheme}.png` });
        found.push(...(await violations(eye.page)).map((line) => `${at} ${colorScheme}: ${line}`));
      }
      const sizes = () => [document.documentElement.scrollWidth, document.documentElement.scrollHeight, innerWidth];
      const [[wide, high, window], seen] = [await page.evaluate(sizes), await eye.page.evaluate(sizes)];
      if (wide > window) found.push(`${at}: the page is ${wide - window} px wider than the window`);
      if (seen[1] !== high) found.push(`${at}: what axe saw is ${seen[1]} px high, and the page ${high}`);
    },
    async leave() {
      assert.deepEqual(found, []);
      for (const { leave } of [eye, visitor]) await leave();
    },
  };
}

/** Ticks the first seats of the open section and holds them. */
async function hold(page, seats) {
  await page.goto(`/events/${event.slug}/seats`);
  await page.locator(".sections a").first().click();
  const free = page.locator(".seatrow input[type=checkbox]");
  for (let nth = 0; nth < seats; nth += 1) await free.nth(nth).check();
  await page.getByRole("button", { name: "Hold these seats" }).click();
}

/** The same walk at a desk and on a phone. */
const everywhere = (walk) => async (t) => {
  for (const [name, options] of Object.entries({ desk: DESK, phone: PHONE })) await t.test(name, async () => walk(await walker(name, options)));
};

const toTheTicket = async ({ page, look, leave }) => {
  await page.goto("/");
  await look("list");
  await page.goto("/?q=zzzz");
  await look("list-nothing");
  await page.goto(`/events/${event.slug}`);
  await look("event");
  await page.goto(`/events/${event.slug}/seats`);
  await look("sections");
  await page.locator(".sections a").first().click();
  await look("rows");
  await page.locator(".seatrow input[type=checkbox]").first().check();
  await page.getByRole("button", { name: "Hold these seats" }).click();
  await page.locator("li.item").first().waitFor();
  await look("held");
  await toCheckout(page);
  await look("checkout");
  await pay(page, "1234");
  await look("checkout-incomplete");
  await pay(page, CARDS.poor);
  await page.waitForURL(/\/orders\//);
  await look("checkout-declined");
  await pay(page, CARDS.good);
  const [ticket] = await tickets(page, 1);
  await look("order");
  await page.goto(ticket);
  await look("ticket");
  await leave();
};

const toEveryRefusal = async ({ page, look, leave }) => {
  const refusals = {
    "not-found": "/nowhere",
    "no-event": "/events/nothing-here",
    "not-yours": `/checkout/${NOBODY}`,
    "not-this-way": `/holds/${NOBODY}/extend`,
  };
  for (const [at, path] of Object.entries(refusals)) {
    await page.goto(path);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await look(at);
  }
  // Nothing chosen, and a basket that was let go.
  await hold(page, 0);
  await look("nothing-chosen");
  await hold(page, 1);
  const checkout = await page.getByRole("link", { name: "Continue to checkout" }).getAttribute("href");
  await page.locator("li.item button").click();
  await page.locator("li.item").waitFor({ state: "detached" });
  await look("let-go");
  await page.goto(checkout);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await look("over");
  await leave();
};

test("without scripts every page to the ticket shuts nobody out", everywhere(toTheTicket));
test("without scripts every refusal shuts nobody out", everywhere(toEveryRefusal));
