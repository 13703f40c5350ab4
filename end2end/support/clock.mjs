// The page's clock in the test's hand.
import { setTimeout as pause } from "node:timers/promises";
import { PATIENCE } from "./browser.mjs";

/**
 * Stops the page's clock, which was installed. Ends with a way to let so many of its seconds pass, one after the other, until
 * `until` says so; that answers how many passed. The answers are real and take their own time: each is waited for.
 */
export async function stopClock(page) {
  const going = new Set();
  const came = (request) => going.delete(request);
  page.on("request", (request) => going.add(request));
  page.on("requestfinished", came);
  page.on("requestfailed", came);
  // A stream is there when it begins.
  page.on("response", (answer) => answer.url().includes("/stream") && came(answer.request()));
  for (let stopped = false; !stopped; ) {
    const soon = (await page.evaluate(() => Date.now())) + 1_000;
    // Whoever stands still until then is past it, and is asked again.
    const late = (error) => !/past/.test(error.message) && Promise.reject(error);
    stopped = await page.clock.pauseAt(soon).then(() => true, late);
  }
  return async (most, until = () => false) => {
    let seconds = 0;
    for (; seconds < most && !(await until()); seconds += 1) {
      await page.clock.runFor(1_000);
      await pause(20);
      for (const end = performance.now() + PATIENCE; going.size > 0 && performance.now() < end; ) await pause(10);
      await pause(20);
    }
    return seconds;
  };
}
