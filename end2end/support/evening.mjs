// What nearly every spec begins with: a shop and a browser of its own, and the smallest house with seats.
import { after, before } from "node:test";
import { launch } from "./browser.mjs";
import { open } from "./server.mjs";

/** There before the first test of a file that called `evening`. */
export let shop, browser, event;

/** Opens them before the tests of a file and closes them after; `settings` are environment variables of the shop. */
export function evening(settings) {
  before(async () => {
    [shop, browser] = await Promise.all([open(settings), launch()]);
    event = (await shop.events()).small;
  });
  after(async () => {
    await browser?.close();
    await shop?.close();
    // What is wrong on the shop's side is its log's to tell, whatever a test makes of it.
    for (const line of shop?.said ?? []) if (/ ERROR /.test(line)) console.error(line);
  });
}
