// The browser, and an ear on every page: errors in the console, breaches of the content policy, answers that should
// not have been.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

/**
 * How long a step is waited for, in milliseconds: it only ends what hangs. Machines stand still for seconds at a time when
 * others want their processors, and the client itself waits for an answer for 25 seconds, and asks again.
 */
export const PATIENCE = 90_000;

/** A phone that is touched. */
export const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

/** Starts the browser; without a GPU and without its own traffic. */
export async function launch() {
  const executablePath = process.env.PARTERRE_BROWSER ?? "/usr/bin/chromium";
  const quiet = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"];
  const sandbox = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({ executablePath, args: [...quiet, ...sandbox, "--disable-gpu"], timeout: PATIENCE });
}

/** Answers of this status, from addresses whose path fits: they belong to the walk. */
export const refused = (status, path) => ({ excuses: (line) => line.status === status && path.test(line.path) });

/** Requests to such paths that had no answer, and why: `ERR_FAILED` is what a test's own abort looks like. */
export const lost = (path, why = /^ERR_FAILED$/) => ({ excuses: (line) => why.test(line.lost ?? "") && path.test(line.path) });

/** Words that no request stands behind. */
export const words = (pattern) => ({ excuses: (line) => line.path === undefined && pattern.test(line.text) });

/**
 * A visitor: a context with one page that is listened to. `options` are Playwright's; `expected` names what belongs to the
 * walk, by `refused`, `lost` and `words`.
 */
export async function visit(browser, shop, { expected = [], ...options } = {}) {
  const context = await browser.newContext({ baseURL: shop.base, locale: "en-GB", ...options });
  context.setDefaultTimeout(PATIENCE);
  const heard = [];
  context.on("page", (page) => {
    listen(page, heard);
    asksAgain(page, heard);
  });
  const page = await context.newPage();
  return {
    context,
    page,
    heard,
    /** Ends the visit; fails where something was heard that should not have been. */
    async leave() {
      await context.close();
      const left = heard.filter((line) => !expected.some(({ excuses }) => excuses(line)));
      assert.deepEqual(left.map(({ text }) => text), [], "the pages were silent");
    },
  };
}

/** A line of the console as what it is about: an answer's status, or why there was none, and the path; a port has digits too. */
export function line(text, address) {
  const request = text.match(/^Failed to load resource: (?:the server responded with a status of (\d{3}) |net::(ERR_\w+))/);
  const where = `${text} (${address})`;
  if (!request) return { text: where };
  return { text: where, path: new URL(address).pathname, status: request[1] && Number(request[1]), lost: request[2] };
}

/** A house that stood still for seconds says that it is busy: it is asked again, and what was heard of that is forgotten. */
function asksAgain(page, heard) {
  const goto = page.goto.bind(page);
  page.goto = async (address, options) => {
    for (const end = performance.now() + PATIENCE; ; ) {
      const answer = await goto(address, options);
      if (answer?.status() !== 503 || performance.now() > end) return answer;
      await page.waitForTimeout(500);
      const { pathname } = new URL(answer.url());
      heard.splice(0, heard.length, ...heard.filter(({ status, path }) => status !== 503 || path !== pathname));
    }
  };
}

function listen(page, heard) {
  page.on("console", (message) => {
    const { url } = message.location();
    if (message.type() === "error" || /content security policy|violat/i.test(message.text())) heard.push(line(message.text(), url));
    if (/Could not find|does not know|runs without scripts/.test(message.text())) heard.push(line(message.text(), url));
  });
  page.on("pageerror", (error) => heard.push({ text: `uncaught: ${error.message}` }));
  page.on("response", (answer) => {
    const [status, url] = [answer.status(), answer.url()];
    if (status >= 500) heard.push({ text: `${status} ${url}`, path: new URL(url).pathname, status });
  });
}
