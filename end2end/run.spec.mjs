// `./run` as its users type it: what cannot be is one sentence at once, Ctrl-C leaves nothing behind, and after a kill the
// next start comes right by itself. Client and server are built already, as `./test browser` does.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { noteToldAgain, watch } from "./support/steady.mjs";
import { alive, left, OTHER, postgres, reaches, root, type } from "./support/typed.mjs";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "parterre-run-")));
const data = join(folder, "data");
chmodSync(folder, 0o755);
after(() => rmSync(folder, { recursive: true, force: true }));

/** Fails unless `./run` ends by itself, soon and badly, with one sentence. */
async function refuses(words, sentence, more = {}) {
  const { code, out, err } = await type(words, { cwd: folder, ...more }).ended;
  assert.equal(code, 1, `${words}: ${err}`);
  assert.match(err.at(-1), sentence);
  assert.deepEqual(out, [], "nothing was begun");
  return err;
}

test("what cannot be is told in one sentence before anything is built", async (t) => {
  const neighbour = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => neighbour.once("listening", resolve));
  const { port } = neighbour.address();
  const taken = await refuses(["--port", `${port}`, "--data", data], /^Port \d+ is taken by another program: choose another with --port/);
  assert.equal(taken.length, 1);
  neighbour.close();
  const [file, closed] = [join(folder, "file"), join(folder, "closed")];
  writeFileSync(file, "no folder");
  mkdirSync(closed, { mode: 0o555 });
  const folders = [file, join(file, "below")].map((where) => [where, {}]);
  // Nothing is closed to root, so there somebody else asks.
  if (reaches(join(root, "run"), ["--help"])) folders.push(...[closed, join(closed, "below")].map((where) => [where, { user: OTHER, cwd: "/" }]));
  else t.diagnostic("this checkout is root's alone: no folder was tried that is closed to others");
  for (const [where, more] of folders) {
    const told = await refuses(["--port", "0", "--data", where], /^The data folder .* cannot be written: choose another with --data\.$/, more);
    assert.equal(told.length, 1);
  }
  for (const port of ["eighty", "65536", "-1", ""]) await refuses([`--port=${port}`], /^The port must be a number from 0 to 65535, not '.*'\.$/);
  await refuses(["--prot", "1"], /^\.\/run does not know '--prot'\.$/);
});

const shows = async (address) => (await fetch(`${address}/`).catch(() => ({ ok: false }))).ok;

/** Starts it, and says how long that took until it was ready. */
async function start(t, words) {
  const began = performance.now();
  const run = type(["--port", "0", "--data", "data"], { cwd: folder });
  const [, address] = await run.hears(/^Parterre is ready: (http:\/\/127\.0\.0\.1:\d+)$/);
  const seconds = (performance.now() - began) / 1000;
  t.diagnostic(`${words}: ready after ${seconds.toFixed(1)} s`);
  assert.ok(await shows(address));
  return { ...run, address, seconds, database: postgres(data) };
}

test("Ctrl-C stops everything, and after kill -9 the next start is clean", async (t) => {
  const first = await start(t, "the first start, nothing to build");
  assert.ok(alive(first.pid, folder).length > 1, "the shop and its PostgreSQL run");
  first.interrupt();
  const { code, err } = await first.ended;
  assert.equal(code, 0, err.join("\n"));
  assert.deepEqual(err.filter((line) => /WARN|\x1b/.test(line)), [], "nobody is greeted with a warning");
  assert.deepEqual(await left(first.pid, folder), []);
  assert.equal(postgres(data), undefined);
  assert.ok(!(await shows(first.address)));

  const watched = watch(Infinity);
  // Nobody tells its PostgreSQL, which the next start finds.
  const second = await start(t, "a later start, nothing to build");
  process.kill(second.pid, "SIGKILL");
  assert.equal((await second.ended).signal, "SIGKILL");
  assert.ok(alive(undefined, folder).length > 0, "it was left behind");

  const third = await start(t, "a start that finds what another left running");
  assert.notEqual(third.database, second.database);
  for (const pid of [third.pid, third.database]) process.kill(pid, "SIGKILL");
  await third.ended;

  const last = await start(t, "a start after everything was killed");
  last.interrupt();
  assert.equal((await last.ended).code, 0);
  assert.deepEqual(await left(last.pid, folder), []);
  // The quickest of them, and of some more where that was slow and the machine stood still: others may keep it busy.
  let quickest = Math.min(...[second, third, last].map(({ seconds }) => seconds));
  for (let tries = 0; tries < 5 && quickest >= 5; tries += 1) {
    assert.ok(watched.lost() >= 3_000, `a later start takes ${quickest} s, and the machine stood still for ${watched.lost()} ms alone`);
    noteToldAgain(`a start took ${quickest} s`);
    const again = await start(t, "once more");
    again.interrupt();
    await again.ended;
    quickest = Math.min(quickest, again.seconds);
  }
  watched.end();
  assert.ok(quickest < 5, `a later start takes ${quickest} s`);
});
