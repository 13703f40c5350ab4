// The same walk on the stores of a large house: `./run --real` starts Apache Cassandra and Redis beside PostgreSQL, two
// browsers see each other's seats, one buys, and Ctrl-C leaves nothing behind.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch, lost, refused, visit } from "./support/browser.mjs";
import { events } from "./support/server.mjs";
import { MUCH, noteToldAgain, watch } from "./support/steady.mjs";
import { alive, left, root, type } from "./support/typed.mjs";
import { basket, openLiveList, pay, tickets, toCheckout } from "./support/walk.mjs";

const works = (program, ...words) => spawnSync(program, words, { cwd: root }).status === 0;
const skip = !(works("node", "scripts/cassandra/node.mjs", "able") && works("redis-server", "--version")) && "Apache Cassandra or Redis cannot be started here";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "parterre-real-")));
let browser;
before(async () => (browser = skip ? undefined : await launch()));
after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Where stores have no processor for two seconds the house says that it is busy, and whoever wants something presses again. */
const expected = [refused(503, /^\/(api\/v1|events|checkout|orders)\//)];

/** Presses until so many lines are in the basket. */
async function holds(page, count, press) {
  const [lines, notice] = [page.locator("aside.side li.item"), page.locator("#notice")];
  for (let presses = 1; ; presses += 1) {
    await press();
    await page.locator("#pick:not([aria-busy=true])").waitFor();
    await lines.nth(count - 1).or(notice.getByText(/press again|try again/i)).first().waitFor();
    if ((await lines.count()) === count || presses === 5) break;
  }
  if ((await lines.count()) !== count) throw new Error(`${count} are not held: ${await notice.innerText()}`);
}

/** Two browsers see each other's seats, and one of them buys two. */
async function sells(base, event) {
  const [one, two] = await Promise.all([visit(browser, { base }, { expected }), visit(browser, { base }, { expected })]);
  try {
    await Promise.all([openLiveList(one.page, event, 0), openLiveList(two.page, event, 0)]);
    const id = await one.page.locator("#live-rows button.seat[aria-pressed=false]").nth(3).getAttribute("id");
    await holds(one.page, 1, () => one.page.locator(`#${id}`).click());
    await two.page.locator(`#${id}[aria-pressed=false]`).waitFor({ state: "detached" });
    await one.page.locator("#quantity").fill("2");
    await one.page.locator("#quantity").blur();
    await holds(one.page, 2, () => one.page.getByRole("button", { name: "Best 2 together" }).click());
    await one.page.reload();
    assert.equal((await basket(one.page)).length, 2, "the basket lies on the cluster");
    await toCheckout(one.page);
    await pay(one.page);
    await tickets(one.page, 2);
  } finally {
    await Promise.all([one.leave(), two.leave()]);
  }
}

/** Once more where the machine stood still meanwhile, twice at most; but not what was found wrong, however late anybody was. */
async function steadily(walk) {
  for (let left = 2; ; left -= 1) {
    const [watching, began] = [watch(Infinity), performance.now()];
    try {
      return await walk();
    } catch (trouble) {
      watching.look();
      if (left === 0 || trouble instanceof assert.AssertionError || watching.lost() < (performance.now() - began) * MUCH) throw trouble;
      noteToldAgain(trouble.message);
    } finally {
      watching.end();
    }
  }
}

/** Types `./run --real`; ends with it, its address and that of its Redis, once it is ready. */
async function opens(t, ...words) {
  const began = performance.now();
  const run = type(["--real", ...words, "--data", "data"], { cwd: folder });
  const [line, redis] = await run.hears(/^Holds on Apache Cassandra at 127\.0\.0\.1:\d+, the rest on Redis at (redis:\S+)\.$/);
  const [, base] = await run.hears(/^Parterre is ready: (\S+)$/);
  t.diagnostic(`${line}; ready after ${((performance.now() - began) / 1000).toFixed(1)} s`);
  return { run, base, redis };
}

/** Ctrl-C, after which nothing is left. */
async function closes(run) {
  // Where something failed it may have ended by itself.
  if (alive(run.pid).length > 0) run.interrupt();
  const { code, err } = await run.ended;
  assert.equal(code, 0, err.join("\n"));
  assert.deepEqual(await left(run.pid, folder), []);
  assert.deepEqual(alive(undefined, folder), [], "neither Cassandra nor Redis is left");
}

test("a shop on Apache Cassandra and Redis sells, Ctrl-C stops them too, and a selection outlives that", { skip }, async (t) => {
  let { run, base, redis } = await opens(t, "--port", "0");
  try {
    const event = (await events(base)).small;
    await steadily(() => sells(base, event));
    await steadily(async () => {
      const { stores: told } = await (await fetch(`${base}/readyz`)).json();
      if (!Object.values(told).every((word) => word === "ready")) throw new Error(JSON.stringify(told));
    });
    // The shop itself was told of them: it says "ready" of what it has inside, too.
    const tables = readdirSync(join(folder, "data/cassandra"), { recursive: true });
    assert.ok(tables.some((name) => name.includes("inventory_by_event")), "the shop's tables are on this cluster");
    const keys = spawnSync("redis-cli", ["-u", redis, "dbsize"], { encoding: "utf8" }).stdout;
    assert.ok(Number(keys) > 0, `the shop keeps something in this Redis: ${keys}`);
    // Somebody is choosing seats while everything ends and begins again.
    const gone = [...expected, lost(/./, /^ERR_/)];
    const { page, leave } = await visit(browser, { base }, { expected: gone });
    await openLiveList(page, event, 0);
    await holds(page, 1, () => page.locator("#live-rows button.seat[aria-pressed=false]").first().click());
    const chosen = await basket(page);
    await closes(run);
    ({ run } = await opens(t, "--port", new URL(base).port));
    await page.locator("#live", { hasText: "Live" }).waitFor();
    await page.reload();
    assert.deepEqual(await basket(page), chosen, "they were kept where they lay");
    await leave();
  } finally {
    // Also where something failed: without its folder nobody could stop the cluster.
    await closes(run);
  }
});
