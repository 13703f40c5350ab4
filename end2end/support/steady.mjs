// Whether it was the machine that stood still, asked as the Rust tests ask it (server/src/test_support/steady.rs): when a timer
// wakes, what the processors were taken away, and whether somebody always waited for one.
import { appendFileSync, readFileSync } from "node:fs";
import { basename } from "node:path";

const LOOK_EVERY = 20;
const WINDOW = 500;
/** Where somebody waited for so much of a window, somebody always waits for a processor. */
const CROWDED = 0.9;

/** A machine that stands still for this share of the time that there is makes anybody late. */
export const MUCH = 1 / 4;

/** Watches the machine for so many milliseconds; `lost` is for how many of these it stood still so far. */
export function watch(most, { now = () => performance.now(), told = kernel } = {}) {
  const began = now();
  let looked = began;
  let addedUp = began;
  let before = told();
  const lost = { late: 0, taken: 0, waited: 0 };
  const look = () => {
    const at = now();
    lost.late += Math.max(0, at - looked - 2 * LOOK_EVERY);
    looked = at;
    const passed = at - addedUp;
    if (passed < WINDOW) return;
    const after = told();
    lost.taken += after.taken - before.taken;
    const waited = after.waited - before.waited;
    if (waited >= passed * CROWDED) lost.waited += passed;
    [addedUp, before] = [at, after];
  };
  const timer = setInterval(() => {
    look();
    if (looked - began >= most) end();
  }, LOOK_EVERY);
  timer.unref();
  const end = () => clearInterval(timer);
  return { look, end, lost: () => Math.max(...Object.values(lost)) };
}

/** Milliseconds that all processors were taken away, and that somebody waited for one, since the machine began, where it says so (Linux). */
function kernel() {
  const steal = read("/proc/stat").split("\n")[0].split(/\s+/)[8];
  const waited = read("/proc/pressure/cpu").match(/^some .*total=(\d+)/)?.[1];
  return { taken: Number(steal ?? 0) * 10, waited: Number(waited ?? 0) / 1_000 };
}

function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** Says that a walk of this file is walked again, to whoever gathers that: ./test tells it in the end. */
export function noteToldAgain(why) {
  const name = basename(process.argv[1] ?? "a walk");
  console.error(`${name}: once more, as the machine stood still: ${why}`);
  if (process.env.PARTERRE_TOLD_AGAIN) appendFileSync(process.env.PARTERRE_TOLD_AGAIN, `${name}\n`);
}
