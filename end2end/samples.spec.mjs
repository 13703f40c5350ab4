// Every sample page that the Rust tests draw, also of what is seldom met (an event that is called off, money on its way
// back, a bank that does not answer), light and dark, at a desk and on a phone: axe finds nothing, and what axe cannot
// decide about contrast is measured.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { join } from "node:path";
import { allViolations } from "./support/axe.mjs";
import { PHONE, launch } from "./support/browser.mjs";

const root = new URL("..", import.meta.url).pathname;
/** Where the Rust test `the_pages_can_be_looked_at` leaves them. */
const pages = process.env.PARTERRE_PAGES ?? join(root, "target/tmp/pages");
const names = existsSync(pages) ? readdirSync(pages).filter((file) => file.endsWith(".html")).sort() : [];
/** The folder of what was built last. */
const built = () => join(root, "dist/assets", JSON.parse(readFileSync(join(root, "dist/manifest.json"), "utf8")).base.split("/").at(-2));
const out = new URL("out/", import.meta.url).pathname;
mkdirSync(out, { recursive: true });

const KINDS = { css: "text/css", js: "text/javascript", woff2: "font/woff2", svg: "image/svg+xml", html: "text/html; charset=utf-8" };
const SIZES = { desk: { viewport: { width: 1440, height: 900 } }, phone: PHONE };

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

/** Answers for a house that has these pages and the built style sheet; scripts come and do nothing, so that each page stays as it is. */
async function answer(route) {
  const file = new URL(route.request().url()).pathname.split("/").at(-1);
  const kind = file.split(".").at(-1);
  const contentType = KINDS[kind];
  if (kind === "html") return route.fulfill({ contentType, body: readFileSync(join(pages, file)) });
  if (kind === "js") return route.fulfill({ contentType, body: "" });
  if (contentType) return route.fulfill({ contentType, body: readFileSync(join(built(), file)) });
  return route.fulfill({ status: 404, body: "" });
}

test("there are the pages that the Rust tests draw", () => {
  assert.ok(names.length >= 40, `${names.length} pages in ${pages}: \`cargo test --workspace --test pages\` draws them`);
});

test("every sample page shuts nobody out", async (t) => {
  for (const [size, options] of Object.entries(SIZES)) {
    const context = await browser.newContext({ baseURL: "http://pages.test", locale: "en-GB", reducedMotion: "reduce", ...options });
    await context.route("**/*", answer);
    const page = await context.newPage();
    for (const name of names.map((file) => file.replace(".html", ""))) await t.test(`${name} at a ${size}`, () => lookAt(page, name, size));
    await context.close();
  }
});

async function lookAt(page, name, size) {
  await page.goto(`/${name}.html`);
  await page.evaluate(() => document.fonts.ready);
  const found = [];
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: `${out}sample-${name}-${size}-${colorScheme}.png`, fullPage: true });
    found.push(...(await allViolations(page)).map((line) => `${colorScheme}: ${line}`));
  }
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (wide > 0) found.push(`the page is ${wide} px wider than the window`);
  assert.deepEqual([...new Set(found)], []);
}
