// What is prepared again, and that it is told: where the machine stood still for much of the time, and nowhere else.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { inTime } from "./support/beside.mjs";
import { watch } from "./support/steady.mjs";

const folder = mkdtempSync(join(tmpdir(), "parterre-again-"));
after(() => rmSync(folder, { recursive: true, force: true }));
// Nobody is to be told of these.
process.env.PARTERRE_TOLD_AGAIN = join(folder, "told-again.log");
const told = () => readFileSync(process.env.PARTERRE_TOLD_AGAIN, { encoding: "utf8", flag: "a+" });

/** A machine that stood still for so many milliseconds of them. */
const stood = (lost) => () => ({ end: () => {}, lost: () => lost });

/** Prepares too late so many times; ends with how often it was prepared. */
async function prepared(late, lost, fails = false) {
  let times = 0;
  await inTime(
    0.05,
    async () => {
      times += 1;
      if (times > late) return;
      await pause(100);
      if (fails) throw new Error("nobody came");
    },
    stood(lost),
  );
  return times;
}

test("what was late while the machine stood still is prepared again, and that is told", async () => {
  assert.equal(await prepared(0, 50), 1);
  assert.equal(told(), "");
  assert.equal(await prepared(1, 20), 2);
  assert.equal(await prepared(1, 20, true), 2);
  assert.equal(told(), "again.spec.mjs\n".repeat(2));
});

test("what was late while the machine ran, or each time, or failed in time, has failed", async () => {
  await assert.rejects(prepared(1, 10), /too late: 0 s of 0.05 s/);
  await assert.rejects(prepared(1, 10, true), /nobody came/);
  await assert.rejects(prepared(9, 50, true), /nobody came/);
  let times = 0;
  const fails = async () => {
    times += 1;
    throw new Error("it is wrong");
  };
  await assert.rejects(inTime(60, fails, stood(60_000)), /it is wrong/);
  assert.equal(times, 1);
});

test("a machine that runs loses nothing, and one that stands still what its timer or its kernel says", () => {
  let at = 0;
  const kernel = { taken: 0, waited: 0 };
  const watched = watch(60_000, { now: () => at, told: () => ({ ...kernel }) });
  watched.end();
  const passes = (ms) => {
    at += ms;
    watched.look();
  };
  for (let looks = 0; looks < 50; looks += 1) passes(20);
  assert.equal(watched.lost(), 0);
  passes(3_040);
  assert.equal(watched.lost(), 3_000, "by when it woke");
  kernel.taken += 4_000;
  kernel.waited += 700;
  for (let looks = 0; looks < 50; looks += 1) passes(20);
  assert.equal(watched.lost(), 4_000, "by what it was taken away");
  for (let looks = 0; looks < 500; looks += 1) {
    kernel.waited += 19;
    passes(20);
  }
  assert.ok(watched.lost() >= 9_000, "by how long somebody waited");
});
