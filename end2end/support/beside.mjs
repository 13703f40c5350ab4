// Walks that mostly wait for time to pass.
import { test } from "node:test";
import { MUCH, noteToldAgain, watch } from "./steady.mjs";

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
 * Prepares what has to be there before so many seconds are over, and ends with it. Where they were over and the machine stood
 * still for much of them it is prepared anew, a few times; where it did not, the shop was too slow, or something is wrong.
 */
export async function inTime(seconds, prepare, observe = watch) {
  const most = seconds * 1_000;
  for (let tries = 1; ; tries += 1) {
    const began = performance.now();
    const watched = observe(most);
    const [prepared, error] = await prepare().then((prepared) => [prepared], (error) => [undefined, error]);
    const took = performance.now() - began;
    watched.end();
    const isLate = took > most;
    if (!isLate && error) throw error;
    if (!isLate) return prepared;
    const facts = `${Math.round(took / 1_000)} s of ${seconds} s, and it stood still for ${(watched.lost() / 1_000).toFixed(1)} s of these`;
    if (tries === 4 || watched.lost() < most * MUCH) throw error ?? new Error(`it was prepared too late: ${facts}`);
    noteToldAgain(facts);
  }
}
