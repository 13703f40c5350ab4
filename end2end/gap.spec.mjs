// What a stream of changes leaves out, and what no stream says, ends in a new snapshot and a new stream from its position;
// what follows in order, and a stream that says it lives, in neither.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lost, visit } from "./support/browser.mjs";
import { stopClock } from "./support/clock.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { silent, telling } from "./support/streams.mjs";
import { openSeats } from "./support/walk.mjs";

evening();

/** A visitor whose stream is the test's. */
async function listening(before = () => {}, { speaks = true, ...options } = {}) {
  const visitor = await visit(browser, shop, options);
  const { page } = visitor;
  await page.addInitScript(silent);
  await before(page);
  const asked = [];
  page.on("request", (request) => request.url().endsWith("/availability") && asked.push(request.url()));
  await openSeats(page, event);
  await page.waitForFunction(() => window.streams.length === 1);
  const tell = telling(page);
  const streams = () => page.evaluate(() => window.streams.map(({ url, readyState }) => ({ after: url.split("?after=")[1], closed: readyState === 2 })));
  const [{ after }] = await streams();
  const [epoch, sequence] = after.split("-").map(BigInt);
  if (speaks) {
    await tell("left", after, JSON.stringify({ total: 0, tiers: {} }));
    await page.locator("#live", { hasText: "Live" }).waitFor();
  }
  asked.length = 0;
  return { ...visitor, asked, tell, streams, after, at: (more, life = 0n) => `${epoch + life}-${sequence + BigInt(more)}` };
}

/** Nothing has changed, as a delta: its version, and the number of seats, seven bits a byte. */
function nothing() {
  const bytes = [1];
  let { seats } = event.chart;
  for (; seats > 127; seats >>= 7) bytes.push((seats & 127) | 128);
  return Buffer.from([...bytes, seats]).toString("base64");
}

const GAPS = {
  "a sequence that was skipped": ({ tell, at }) => tell("delta", at(2), nothing()),
  "a sequence that came again": ({ tell, at }) => tell("delta", at(0), nothing()),
  "a delta of another life of the server": ({ tell, at }) => tell("delta", at(1, 1n), nothing()),
  "a delta of another hall": ({ tell, at }) => tell("delta", at(1), Buffer.from([1, 3]).toString("base64")),
  "a snapshot that nobody has": ({ tell, at }) => tell("snapshot", at(5), at(5)),
  "a state that cannot be read": ({ tell, at }) => tell("state", at(9, 1n), "AAAA"),
};

for (const [name, told] of Object.entries(GAPS)) {
  test(`${name} leads to a new snapshot and a new stream`, async () => {
    const visitor = await listening();
    await told(visitor);
    assert.equal((await visitor.streams())[0].closed, true, "the old stream is closed at once");
    await visitor.page.waitForFunction(() => window.streams.length === 2);
    assert.ok(visitor.asked.length >= 1, "a snapshot was asked for");
    assert.equal((await visitor.streams())[1].after, visitor.after, "it goes on from where the snapshot is");
    await visitor.leave();
  });
}

test("what follows in order leads to neither", async () => {
  const { page, asked, tell, streams, at, leave } = await listening((page) => page.clock.install());
  const passes = await stopClock(page);
  for (let more = 1; more <= 3; more += 1) await tell("delta", at(more), nothing());
  await tell("snapshot", at(3), at(3));
  await passes(20);
  assert.deepEqual([asked, (await streams()).map(({ closed }) => closed)], [[], [false]]);
  await leave();
});

test("45 seconds without a word lead to a new snapshot and a new stream", async () => {
  const { page, asked, tell, streams, leave } = await listening((page) => page.clock.install());
  const passes = await stopClock(page);
  /** Lets so many seconds pass, at most, until the stream is closed. */
  const passed = (most) => passes(most, async () => (await streams())[0].closed);
  await tell("beat");
  assert.equal(await passed(40), 40);
  await tell("beat");
  assert.deepEqual([await passed(40), asked], [40, []], "a beat is a word");
  const more = await passed(20);
  assert.ok(more >= 4 && more <= 8, `${40 + more} seconds after the beat`);
  await passes(20, async () => (await streams()).length > 1);
  assert.ok(asked.length >= 1, "a snapshot was asked for");
  assert.equal((await streams()).length, 2);
  await leave();
});

test("a stream of which only the head comes through is not believed, and not asked for again at once", async () => {
  const { page, asked, tell, streams, leave } = await listening((page) => page.clock.install(), { speaks: false });
  const passes = await stopClock(page);
  await tell("open");
  await passes(20);
  assert.ok(asked.length >= 4, `the seats are asked for all the while: ${asked.length} times`);
  assert.match(await page.locator("#live").textContent(), /every few seconds/);
  const more = await passes(60, async () => (await streams())[0].closed);
  assert.ok(more >= 20 && more <= 30, `given up after ${20 + more} seconds`);
  const wait = await passes(120, async () => (await streams()).length > 1);
  assert.ok(wait >= 55 && wait <= 95, `another one is asked for ${wait} seconds later`);
  await leave();
});

test("a stream that falls silent is called live no longer", async () => {
  const { page, streams, leave } = await listening((page) => page.clock.install(), { expected: [lost(/\/availability$/)] });
  await page.route("**/availability", (route) => route.abort());
  const passes = await stopClock(page);
  await passes(60, async () => (await streams())[0].closed);
  assert.match(await page.locator("#live").textContent(), /^No connection/);
  await leave();
});

test("a network that went is said at once, and the page comes back by itself", async () => {
  const { page, tell, streams, leave } = await listening();
  // In the very moment: no half second of the page's has passed.
  const said = await page.evaluate(() => {
    dispatchEvent(new Event("offline"));
    return document.querySelector("#live").textContent;
  });
  assert.match(said, /^No connection.*comes back by itself/);
  assert.equal((await streams())[0].closed, true, "what it said before is trusted no more");
  await page.waitForFunction(() => window.streams.length === 2);
  await tell("beat");
  await page.locator("#live", { hasText: "Live" }).waitFor();
  await leave();
});

test("a lost connection is read aloud once, and once that it is back", async () => {
  const { page, leave } = await listening(() => {}, { expected: [lost(/\/availability$/)] });
  await page.route("**/availability", (route) => route.abort());
  const said = page.locator("#said");
  await page.evaluate(() => dispatchEvent(new Event("offline")));
  assert.match(await said.textContent(), /^No connection/);
  await said.evaluate((element) => (element.textContent = ""));
  await page.evaluate(() => dispatchEvent(new Event("offline")));
  await page.waitForTimeout(1_200);
  assert.equal(await said.textContent(), "", "not again while it lasts");
  await page.unroute("**/availability");
  await said.filter({ hasText: /every few seconds|Live/ }).waitFor({ state: "attached" });
  await leave();
});
