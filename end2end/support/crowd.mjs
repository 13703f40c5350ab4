// Other buyers, by the API: they hold seats and give them back.
import { hold, letGo } from "./others.mjs";

/**
 * Lets a crowd hold and release `blocks` (lists of seat ids) in turn, so that about `rate` seats a second change hands.
 * Ends with a way to ask how many seats changed until now, and one that stops the crowd, waits for it and answers the same.
 */
export function crowd(shop, event, blocks, rate) {
  let going = true;
  let changed = 0;
  const seats = blocks.flat().length;
  const run = async (block, nth) => {
    // Each block changes twice a round; a round takes as long as the rate wants.
    const pause = (1000 * seats) / rate;
    await sleep((pause * nth) / blocks.length);
    while (going) {
      const held = await hold(shop, event, { seats: block, standing: [] });
      changed += block.length;
      await sleep(pause);
      await letGo(shop, held);
      changed += block.length;
      await sleep(pause);
    }
  };
  const all = Promise.all(blocks.map(run));
  // A failure is told by whoever stops the crowd.
  all.catch(() => (going = false));
  return {
    changed: () => changed,
    async disperse() {
      going = false;
      await all;
      return changed;
    },
  };
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
