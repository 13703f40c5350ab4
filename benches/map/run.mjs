// The seat map's benchmark: `node run.mjs [--quick] [--json FILE] [--no-build] [--only CELL,...]`, or `./bench map`.
// Builds the map alone on a page, as the client is built (the environment has its flags), draws it in Chromium without a
// GPU beside four other ways, opens the seats page of a shop (PARTERRE_BINARY), prints a table. Each figure of the map is
// the median of three turns that lie minutes apart: a minute in which the machine is slow hits one of them. Beside the time on
// the wall stands what the frames cost the processor itself (processor.mjs), frame by frame the median of the turns.
// `--only 10000@1sharp,100000@2,100000@2sharp,100000@1/4,single`: these alone, without the others beside them.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { shrink } from "../../scripts/shrink.mjs";
import { serve } from "./serve.mjs";
import { share } from "./share.mjs";
import { navigate } from "./shop.mjs";
import { settled, traced } from "./processor.mjs";
import { shared } from "./stolen.mjs";
import { SET, merged, middle, table } from "./table.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");
const option = (name) => process.argv.includes(name);
const after = (name) => (option(name) ? process.argv[process.argv.indexOf(name) + 1] : undefined);
const quick = option("--quick");
const only = after("--only")?.split(",");
const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
const wasm = join(target, "map-page/wasm");

function build() {
  const cargo = ["build", "-p", "parterre-bench-map", "--target", "wasm32-unknown-unknown", "--profile", "wasm-release"];
  execFileSync("cargo", cargo, { cwd: root, stdio: "inherit" });
  const compiled = join(target, "wasm32-unknown-unknown/wasm-release/parterre_bench_map.wasm");
  mkdirSync(wasm, { recursive: true });
  const bind = ["--target", "web", "--no-typescript", "--out-name", "bench", "--out-dir", wasm, compiled];
  execFileSync("wasm-bindgen", bind, { stdio: "inherit" });
  const file = join(wasm, "bench_bg.wasm");
  shrink(file, file);
}

const say = (line) => process.stderr.write(`${line}\n`);
const load = () => loadavg()[0].toFixed(1);
if (!option("--no-build")) build();

const extra = {};
const site = await serve(wasm, extra);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader", "--js-flags=--expose-gc"],
});

async function open(query, { ratio = 1, slower = 1 } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, deviceScaleFactor: ratio });
  const page = await context.newPage();
  page.on("pageerror", (error) => say(`page: ${error}`));
  await page.goto(`${site.url}/?${query}`);
  await page.waitForFunction(() => window.bench, null, { timeout: 120_000 });
  if (!query.includes("bare")) await page.waitForFunction(() => window.completeAt, null, { timeout: 60_000 });
  if (slower > 1) {
    const session = await context.newCDPSession(page);
    await session.send("Emulation.setCPUThrottlingRate", { rate: slower });
  }
  return { page, close: () => context.close() };
}

/** Our own map: the journey and the whole house. */
async function ours(seats, how, frames) {
  const { page, close } = await open(`chart=bowl&seats=${seats}${how.sharp ? "&sharp=1" : ""}`, how);
  const run = async (frames) => {
    const { totals, journey, whole, share } = await import("/measure.mjs");
    const { bench } = window;
    const plan = bench.plan();
    const middle = Math.floor(bench.states().length / 2);
    bench.mine([middle, middle + 1]);
    bench.suggest([middle + 2]);
    const show = (scale, x, y) => bench.look(scale, x, y);
    await totals(journey(plan, 60), show, true);
    const path = await totals(journey(plan, frames), show, true, "path");
    const canvas = document.getElementById("map");
    const sharpness = canvas.width / (innerWidth * devicePixelRatio);
    const all = await totals(whole(plan, Math.round(frames / 3)), show, true);
    return { path50: share(path, 0.5), path95: share(path, 0.95), all50: share(all, 0.5), all95: share(all, 0.95), sharpness };
  };
  const { result, frames: drawn } = await traced(browser, () => page.evaluate(run, frames));
  await close();
  return { ...result, own: drawn.path.map(({ own }) => own) };
}

/** What the browser takes for a picture that is ready: no way of bringing computed pixels onto the whole canvas is quicker. */
async function ready(how, frames) {
  const { page, close } = await open("chart=bowl&seats=1000&bare=1", how);
  const run = async (frames) => {
    const { totals, share } = await import("/measure.mjs");
    const canvas = document.getElementById("map");
    [canvas.width, canvas.height] = [innerWidth * devicePixelRatio, innerHeight * devicePixelRatio];
    const context = canvas.getContext("2d", { alpha: false });
    const pictures = [0xff88aacc, 0xffccaa88].map((colour) => {
      const picture = context.createImageData(canvas.width, canvas.height);
      new Uint32Array(picture.data.buffer).fill(colour);
      return picture;
    });
    const show = (i) => context.putImageData(pictures[i % 2], 0, 0);
    await totals(Array.from({ length: 20 }, (_, i) => [i]), show, false);
    const all = await totals(Array.from({ length: frames }, (_, i) => [i]), show, false, "path");
    return { path50: share(all, 0.5), path95: share(all, 0.95), all50: share(all, 0.5), all95: share(all, 0.95), sharpness: 1 };
  };
  const { result, frames: drawn } = await traced(browser, () => page.evaluate(run, frames));
  await close();
  return { ...result, own: drawn.path.map(({ own }) => own) };
}

/** How many times as long as on the machine on which the goals in milliseconds were set the same work takes this one's
 *  processor just now: a page of its own that draws the same 10,000 seats as arcs. */
async function watch() {
  const { page } = await open("chart=bowl&seats=10000&bare=1");
  await page.evaluate(async () => {
    const { totals, whole } = await import("/measure.mjs");
    const { baselines, chartOf } = await import("/baselines.mjs");
    const plan = window.bench.plan();
    const show = baselines["Canvas2D arc"](chartOf(window.bench));
    window.arcs = (frames) => totals(whole(plan, frames), show, false, "arcs");
    await window.arcs(30);
  });
  return async () => {
    const { frames } = await traced(browser, () => page.evaluate(() => window.arcs(15).then(() => {})));
    return middle(frames.arcs.map(({ own }) => own)) / SET["Canvas2D arc"][10_000];
  };
}

/** One other way, all seats in view. */
async function other(name, seats, frames) {
  const { page, close } = await open(`chart=bowl&seats=${seats}&bare=1`);
  if (name === "Konva") await page.addScriptTag({ url: "/lib/konva/konva.min.js" });
  if (name.startsWith("Pixi")) await page.addScriptTag({ url: "/lib/pixi.js/dist/pixi.min.js" });
  const result = await page.evaluate(
    async ([name, frames]) => {
      const { totals, whole, share } = await import("/measure.mjs");
      const { baselines, chartOf } = await import("/baselines.mjs");
      const plan = window.bench.plan();
      const show = await baselines[name](chartOf(window.bench));
      const all = await totals(whole(plan, frames + 2), show, false);
      return share(all.slice(2), 0.5);
    },
    [name, frames],
  );
  await close();
  return result;
}

/** Hit test, flips and the way from navigation to a whole map, with 100,000 seats. */
async function single() {
  const { page, close } = await open("chart=bowl&seats=100000&sharp=1");
  const run = async () => {
    const { totals, share } = await import("/measure.mjs");
    const { bench } = window;
    const hit = bench.hits(100_000);
    // What a stream would tell is made before the clock runs; from hearing it on everything counts.
    let [told, spent] = ["", 0];
    const show = () => {
      performance.mark("hearing");
      const start = performance.now();
      const changed = bench.hear(told);
      spent = performance.now() - start;
      performance.mark("heard");
      if (changed !== 1000) throw new Error(`${changed} seats changed`);
    };
    const flips = [];
    for (let seed = 1; seed <= 40; seed++) {
      told = bench.told(1000, seed);
      // The first ones meet code that is not compiled for speed yet.
      const [total] = await totals([[]], show, true, seed > 10 && "flips");
      if (seed > 10) flips.push(total + spent);
    }
    return { hit, flips: share(flips, 0.5), packed: [...bench.pack()] };
  };
  const { result, frames } = await traced(browser, () => page.evaluate(run));
  await close();
  const own = (part) => middle(frames.flips.map((flip) => flip[part]));
  extra["/chart.pch"] = Buffer.from(result.packed);
  const times = [];
  for (let i = 0; i < 5; i++) {
    const { page, close } = await open("packed=1");
    times.push(await page.evaluate(() => window.completeAt));
    await close();
  }
  return { ...result, flipsOwn: own("own"), flipsScript: own("script"), packed: result.packed.length, complete: middle(times) };
}

const sizes = quick ? [10_000, 100_000] : [1_000, 10_000, 100_000, 1_000_000];
const [frames, turns] = quick ? [90, 1] : [180, 3];
const report = { machine: { cpu: cpus()[0]?.model, cores: cpus().length }, loadBefore: load(), ours: [], others: [] };
const ways = ["Canvas2D arc", "Canvas2D fillRect", "Konva", "Pixi 8 particles"];
const cells = sizes
  .flatMap((seats) => [{ sharp: true }, { ratio: 2 }, { ratio: 2, sharp: true }, { slower: 4 }].map((how) => ({ seats, ratio: 1, slower: 1, ...how })))
  .map((cell) => ({ ...cell, name: `${cell.seats}@${cell.ratio}${cell.sharp ? "sharp" : ""}${cell.slower > 1 ? `/${cell.slower}` : ""}`, turns: [] }))
  .filter((cell) => (only ? only.includes(cell.name) : cell.seats < 1_000_000 || cell.slower === 1));
const strange = only?.find((name) => name !== "single" && !cells.some((cell) => cell.name === name));
if (strange) throw new Error(`There is no ${strange}.`);
const floors = [{}, { ratio: 2 }, { slower: 4 }].map((how) => ({ ratio: 1, slower: 1, ...how, turns: [] }));
const singles = [];
const [slows, speed] = [[], await watch()];
/** Of each turn, the share of its time that other machines took. */
const stolen = [];

async function alone(measure) {
  const { result, share } = await shared(measure);
  stolen.push(share);
  return result;
}

/** A turn, and some of its times also as they would be at the speed of the machine on which the goals were set. */
async function paced(measure, names) {
  return alone(async () => {
    const before = await speed();
    const turn = await measure();
    const slow = (before + (await speed())) / 2;
    slows.push(slow);
    const even = (time) => (Array.isArray(time) ? time.map(even) : time / slow);
    return { ...turn, ...Object.fromEntries(names.map((name) => [`${name}Even`, even(turn[name])])) };
  });
}

/** The figures of turns that drew the same frames. */
function drawn(turns) {
  const p95 = (name) => share(settled(turns.map((turn) => turn[name])), 0.95);
  return { ...merged(turns.map(({ own, ownEven, ...turn }) => turn)), own95: p95("own"), even95: p95("ownEven") };
}

async function baselines() {
  for (const seats of sizes) {
    for (const name of ways) {
      if (seats === 1_000_000 && name === "Konva") continue;
      const all50 = await alone(() => other(name, seats, seats >= 100_000 ? 7 : 20));
      report.others.push({ name, seats, all50 });
      say(`${name} ${seats}: ${all50.toFixed(1)} (load ${load()})`);
    }
  }
}

// First: where there is no shop to be opened, nobody waits for the rest.
if (!only) report.shop = await alone(() => navigate(browser));
for (let turn = 0; turn < turns; turn++) {
  for (const floor of floors) floor.turns.push(await paced(() => ready(floor, frames), ["own"]));
  for (const cell of cells) {
    const one = await paced(() => ours(cell.seats, cell, frames), ["own"]);
    cell.turns.push(one);
    const own = `own ${share(one.own, 0.95).toFixed(1)}, even ${share(one.ownEven, 0.95).toFixed(1)}`;
    say(`${cell.name}: path p50 ${one.path50.toFixed(1)} p95 ${one.path95.toFixed(1)} (${own}), all ${one.all50.toFixed(1)} (load ${load()})`);
  }
  if (!only || only.includes("single")) {
    singles.push(await paced(single, ["flipsOwn", "flipsScript"]));
    const { flips, flipsOwn, flipsScript, complete } = singles.at(-1);
    say(`1,000 changed seats: ${flips.toFixed(1)}, own ${flipsOwn.toFixed(1)}, the script ${flipsScript.toFixed(1)}; complete ${complete.toFixed(0)} (load ${load()})`);
  }
  // Once, in the midst.
  if (turn === turns >> 1 && !only) await baselines();
}
report.ours = cells.map(({ turns, ...cell }) => ({ ...cell, ...drawn(turns) }));
report.floors = floors.map(({ turns, ...floor }) => ({ ...floor, ...drawn(turns) }));
if (singles.length > 0) report.single = merged(singles);
report.slow = merged(slows.map((share) => ({ share })));
report.stolen = merged(stolen.map((share) => ({ share })));
report.loadAfter = load();
report.browser = browser.version();
await browser.close();
site.close();

console.log(table(report, sizes, ways).join("\n"));
const json = after("--json");
if (json) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
