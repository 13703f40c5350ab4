// Walks that mostly wait for time to pass.
import { test } from "node:test";

/** Ends with what makes a test of each walk; all of them begin with the first, and wait beside each other. */
export function beside() {
  const walks = new Map();
  let going;
  const begin = () => {
    going ??= new Map([...walks].map(([name, walk]) => [name, walk()]));
    // Each test tells of its own walk.
    for (const walk of going.values()) walk.catch(() => {});
    return going;
  };
  return (name, walk) => {
    walks.set(name, walk);
    test(name, () => begin().get(name));
  };
}

/**
 * Prepares what has to be there before so many seconds are over, and ends with it. Where they were over it was the machine
 * that stood still, and it is prepared anew, a few times.
 */
export async function inTime(seconds, prepare) {
  for (let tries = 1; ; tries += 1) {
    const began = performance.now();
    const late = () => tries < 4 && performance.now() - began > seconds * 1_000;
    try {
      const prepared = await prepare();
      if (!late()) return prepared;
    } catch (error) {
      if (!late()) throw error;
    }
  }
}
