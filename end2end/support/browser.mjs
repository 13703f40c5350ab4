// The browser, and an ear on every page: errors in the console, breaches of the content policy, answers that should
// not have been.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

/** A phone that is touched. */
export const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

/** Starts the browser; without a GPU and without its own traffic. */
export async function launch() {
  const executablePath = process.env.PARTERRE_BROWSER ?? "/usr/bin/chromium";
  const quiet = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"];
  const sandbox = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({ executablePath, args: [...quiet, ...sandbox, "--disable-gpu"] });
}

/**
 * A visitor: a context with one page that is listened to. `options` are Playwright's; `expected` names console errors
 * that belong to the walk, such as a refused request.
 */
export async function visit(browser, shop, { expected = [], ...options } = {}) {
  const context = await browser.newContext({ baseURL: shop.base, locale: "en-GB", ...options });
  context.setDefaultTimeout(20_000);
  const heard = [];
  context.on("page", (page) => listen(page, heard));
  const page = await context.newPage();
  return {
    context,
    page,
    heard,
    /** Ends the visit; fails where something was heard that should not have been. */
    async leave() {
      await context.close();
      assert.deepEqual(heard.filter((line) => !expected.some((pattern) => pattern.test(line))), [], "the pages were silent");
    },
  };
}

function listen(page, heard) {
  page.on("console", (message) => {
    const where = message.location().url;
    if (message.type() === "error" || /content security policy|violat/i.test(message.text())) heard.push(`${message.text()} (${where})`);
    if (/Could not find|does not know|runs without scripts/.test(message.text())) heard.push(message.text());
  });
  page.on("pageerror", (error) => heard.push(`uncaught: ${error.message}`));
  page.on("response", (answer) => {
    if (answer.status() >= 500) heard.push(`${answer.status()} ${answer.url()}`);
  });
}
