// How fast a phone shows a page and answers a finger: `node run.mjs [--quick] [--all]`, or `./bench pages`; with `--all`
// every press that took longer than a frame is told.
// Chromium with the CPU slowed four times, 1.6 Mbit/s and 150 ms, nothing cached, a shop of its own with the demo.
import { cpus, loadavg } from "node:os";
import { launch } from "../../end2end/support/browser.mjs";
import { open } from "../../end2end/support/server.mjs";
import { fillCard, CARDS } from "../../end2end/support/walk.mjs";

const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true, locale: "en-GB" };
const LINE = { offline: false, latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: 0.75e6 / 8 };
const RUNS = process.argv.includes("--quick") ? 1 : 3;

const shop = await open();
const browser = await launch();
const { small, large } = await shop.events();

/** What a visitor does on each page; every press and every key is an interaction. */
const PAGES = {
  "list of events": {
    way: async () => "/",
    use: async (page) => {
      await page.locator("[type=search]").tap();
      await page.keyboard.type("merid");
    },
  },
  event: {
    way: async () => `/events/${small.slug}`,
    use: async (page) => {
      await page.locator("h1").tap();
      await page.locator("main p").first().tap();
    },
  },
  "seats, a theatre": { way: async () => `/events/${small.slug}/seats`, use: choose },
  [`seats, ${large.chart.seats.toLocaleString("en-GB")} of them`]: { way: async () => `/events/${large.slug}/seats`, use: choose },
  checkout: {
    way: async (page) => {
      await page.goto(`${shop.base}/events/${small.slug}/seats`);
      await awake(page);
      await page.locator("#best").tap();
      return page.locator("a[href^='/checkout/']").getAttribute("href");
    },
    use: async (page) => {
      await page.locator("[name=name]").tap();
      await page.keyboard.type("Sample Buyer");
      await page.locator("[name=email]").tap();
      await page.keyboard.type("buyer@example.org");
      await fillCard(page, CARDS.good);
    },
  },
};

async function awake(page) {
  await page.waitForSelector("html[data-awake]", { state: "attached", timeout: 60_000 });
}

async function choose(page) {
  await awake(page);
  await page.getByRole("button", { name: "More seats" }).tap();
  await page.getByRole("button", { name: "Fewer seats" }).tap();
  const map = await page.locator("canvas").boundingBox();
  for (const [x, y] of [[0.5, 0.5], [0.4, 0.6]]) await page.touchscreen.tap(map.x + map.width * x, map.y + map.height * y);
  await page.waitForTimeout(600);
  await page.getByRole("button", { name: "Zoom in" }).tap();
  await page.getByRole("tab", { name: "List" }).tap();
  await page.locator("#live-sections button").first().tap();
  await page.locator("#live-rows button.seat[aria-pressed=false]").first().tap();
}

/** Runs in the page before anything else: keeps what the browser measures. */
function watch() {
  window.seen = { lcp: 0, cls: 0, presses: new Map() };
  const observe = (type, take, more) => new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true, ...more });
  observe("largest-contentful-paint", (entry) => (window.seen.lcp = entry.startTime));
  observe("layout-shift", (entry) => entry.hadRecentInput || (window.seen.cls += entry.value));
  // Of an interaction's events the longest counts, as Chromium reports it; what it was spent on is kept beside it.
  const press = ({ interactionId, name, target, startTime, processingStart, processingEnd, duration }) => {
    if (!interactionId || duration <= (window.seen.presses.get(interactionId)?.duration ?? 0)) return;
    const at = target?.closest?.("[data-do],[id]");
    const parts = [processingStart - startTime, processingEnd - processingStart, startTime + duration - processingEnd];
    window.seen.presses.set(interactionId, { duration, name, at: at?.dataset?.do || at?.id || target?.localName || "", parts: parts.map(Math.round) });
  };
  observe("event", press, { durationThreshold: 16 });
}

async function measure({ way, use }) {
  const context = await browser.newContext(PHONE);
  const page = await context.newPage();
  const address = await way(page);
  // The way there is no part of it: nothing is cached when the page itself is asked for.
  const session = await context.newCDPSession(page);
  await page.goto("about:blank");
  await session.send("Network.enable");
  await session.send("Network.clearBrowserCache");
  await session.send("Network.emulateNetworkConditions", LINE);
  await session.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  await page.addInitScript(watch);
  let bytes = 0;
  session.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
  await page.goto(shop.base + address, { waitUntil: "load" });
  await page.waitForTimeout(1500);
  const wakes = await page.evaluate(() => document.querySelector("leptos-island") !== null);
  if (wakes) await awake(page);
  const { lcp } = await page.evaluate(() => window.seen);
  await use(page);
  await page.waitForTimeout(800);
  const { cls, presses } = await page.evaluate(() => ({ cls: window.seen.cls, presses: [...window.seen.presses.values()] }));
  await context.close();
  // Interactions below 16 ms are not reported.
  const worst = presses.sort((a, b) => b.duration - a.duration);
  if (process.argv.includes("--all")) for (const { duration, name, at, parts } of worst) console.error(`  ${duration} ms ${name} ${at}: ${parts.join(" + ")}`);
  return { lcp, cls, inp: worst[0]?.duration ?? 16, worst: worst[0], bytes };
}

/** What the slowest press was, and where its time went. */
function slowest(runs) {
  const { worst } = runs.reduce((a, b) => (b.inp > a.inp ? b : a));
  return worst ? `${worst.name} on ${worst.at || "the page"}: ${worst.parts.join(" + ")}` : "none above 16";
}

const median = (all) => all.sort((a, b) => a - b)[all.length >> 1];
console.log(`Machine: ${cpus()[0].model.trim()}, ${cpus().length} cores, load ${loadavg()[0].toFixed(1)}; ${browser.version()}, median of ${RUNS}.\n`);
console.log("| page on a phone, CPU slowed 4x, 1.6 Mbit/s, 150 ms | LCP, ms (1,200) | INP, ms (100) | CLS (0) | KB fetched | slowest press: waiting + its handlers + until it shows |");
console.log("|---|---|---|---|---|---|");
for (const [name, page] of Object.entries(PAGES)) {
  const runs = [];
  for (let run = 0; run < RUNS; run += 1) runs.push(await measure(page));
  const of = (what) => median(runs.map((run) => run[what]));
  console.log(`| ${name} | ${Math.round(of("lcp"))} | ${of("inp")} | ${of("cls").toFixed(3)} | ${Math.round(of("bytes") / 1024)} | ${slowest(runs)} |`);
}
await browser.close();
await shop.close();
