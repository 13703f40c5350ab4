// From navigation to a whole map on the shop's own page of 100,000 seats: HTML, style, loader, client, chart, states.
import { execFileSync } from "node:child_process";
import { binary, open } from "../../end2end/support/server.mjs";

const RUNS = 7;

/** Keeps when the browser had shown the first picture of the map, in the page's own time. */
function watch() {
  const put = CanvasRenderingContext2D.prototype.putImageData;
  CanvasRenderingContext2D.prototype.putImageData = function (...words) {
    put.apply(this, words);
    if (this.canvas.id !== "map" || window.asked) return;
    window.asked = true;
    // Its message arrives once the frame has been painted and committed.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => (window.completeAt = performance.now());
    port2.postMessage(0);
  };
}

/** Median and longest milliseconds, each time with nothing cached, and the seats of the event. */
export async function navigate(browser) {
  const shop = await open();
  try {
    const words = ["demo", "--data", shop.data, "--bowl", "100000"];
    const own = process.getuid?.() === 0 ? ["unshare", "-U", "--map-user=1000", "--map-group=1000", "--"] : [];
    const [command, ...rest] = [...own, binary, ...words];
    const address = execFileSync(command, rest, { encoding: "utf8" }).match(/http:\S+/)[0];
    const slug = address.split("/").at(-1);
    const { chart } = await (await fetch(`${shop.base}/api/v1/events/${slug}`)).json();
    const times = [];
    // The first one opens the event; it is no part of it.
    for (let run = 0; run <= RUNS; run++) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
      const page = await context.newPage();
      await page.addInitScript(watch);
      await page.goto(`${shop.base}/events/${slug}/seats`);
      await page.waitForFunction(() => window.completeAt, null, { timeout: 60_000 });
      if (run > 0) times.push(await page.evaluate(() => window.completeAt));
      await context.close();
    }
    times.sort((a, b) => a - b);
    return { seats: chart.seats, median: times[RUNS >> 1], longest: times.at(-1) };
  } finally {
    await shop.close();
  }
}
