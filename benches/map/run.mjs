// The seat map's benchmark: `node run.mjs [--quick] [--json FILE] [--no-build] [--only CELL,...]`, or `./bench map`.
// Builds the map alone on a page, as the client is built (the environment has its flags), draws it in Chromium without a
// GPU beside four other ways, opens the seats page of a shop (PARTERRE_BINARY), prints a table. Each figure of the map is
// the median of three turns that lie minutes apart: a minute in which the machine is slow hits one of them. A turn in which
// other machines on the same host took more than a trifle is measured again, a few times (stolen.mjs).
// `--only 10000@1,100000@2sharp,1000000@1,100000@1/4,single`: these alone, without the others beside them.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { shrink } from "../../scripts/shrink.mjs";
import { serve } from "./serve.mjs";
import { navigate } from "./shop.mjs";
import { undisturbed } from "./stolen.mjs";
import { merged, middle, table } from "./table.mjs";

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
  const result = await page.evaluate(async (frames) => {
    const { totals, journey, whole, share } = await import("/measure.mjs");
    const { bench } = window;
    const plan = bench.plan();
    const middle = Math.floor(bench.states().length / 2);
    bench.mine([middle, middle + 1]);
    bench.suggest([middle + 2]);
    const show = (scale, x, y) => bench.look(scale, x, y);
    await totals(journey(plan, 60), show, true);
    const path = await totals(journey(plan, frames), show, true);
    const canvas = document.getElementById("map");
    const sharpness = canvas.width / (innerWidth * devicePixelRatio);
    const all = await totals(whole(plan, Math.round(frames / 3)), show, true);
    return { path50: share(path, 0.5), path95: share(path, 0.95), all50: share(all, 0.5), all95: share(all, 0.95), sharpness };
  }, frames);
  await close();
  return result;
}

/** What the browser takes for a picture that is ready: no way of bringing computed pixels onto the whole canvas is quicker. */
async function ready(how, frames) {
  const { page, close } = await open("chart=bowl&seats=1000&bare=1", how);
  const result = await page.evaluate(async (frames) => {
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
    const all = (await totals(Array.from({ length: frames + 20 }, (_, i) => [i]), show, false)).slice(20);
    return { path50: share(all, 0.5), path95: share(all, 0.95), all50: share(all, 0.5), all95: share(all, 0.95), sharpness: 1 };
  }, frames);
  await close();
  return result;
}

/** One other way, all seats in view. */
async function other(name, seats, frames) {
  const { page, close } = await open(`chart=bowl&seats=${seats}&bare=1`);
  if (name === "Konva") await page.addScriptTag({ url: "/lib/konva/konva.min.js" });
  if (name.startsWith("Pixi")) await page.addScriptTag({ url: "/lib/pixi.js/dist/pixi.min.js" });
  const result = await page.evaluate(
    async ([name, frames]) => {
      const { totals, whole, share } = await import("/measure.mjs");
      const { baselines } = await import("/baselines.mjs");
      const { bench } = window;
      const plan = bench.plan();
      const chart = { x: bench.x(), y: bench.y(), zone: bench.zones(), state: bench.states(), radius: plan[2] };
      const show = await baselines[name](chart);
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
  const { page, close } = await open("chart=bowl&seats=100000");
  const result = await page.evaluate(async () => {
    const { totals, share } = await import("/measure.mjs");
    const { bench } = window;
    const hit = bench.hits(100_000);
    // What a stream would tell is made before the clock runs; from hearing it on everything counts.
    let [told, spent] = ["", 0];
    const show = () => {
      const start = performance.now();
      const changed = bench.hear(told);
      spent = performance.now() - start;
      if (changed !== 1000) throw new Error(`${changed} seats changed`);
    };
    const [flips, own] = [[], []];
    for (let seed = 1; seed <= 40; seed++) {
      told = bench.told(1000, seed);
      const [total] = await totals([[]], show, true);
      // The first ones meet code that is not compiled for speed yet.
      if (seed <= 10) continue;
      flips.push(total + spent);
      own.push(window.frameSpent + spent);
    }
    return { hit, flips: share(flips, 0.5), flipsOwn: share(own, 0.5), packed: [...bench.pack()] };
  });
  await close();
  extra["/chart.pch"] = Buffer.from(result.packed);
  const times = [];
  for (let i = 0; i < 5; i++) {
    const { page, close } = await open("packed=1");
    times.push(await page.evaluate(() => window.completeAt));
    await close();
  }
  return { ...result, packed: result.packed.length, complete: middle(times) };
}

const sizes = quick ? [10_000, 100_000] : [1_000, 10_000, 100_000, 1_000_000];
const [frames, turns] = quick ? [90, 1] : [180, 3];
const report = { machine: { cpu: cpus()[0]?.model, cores: cpus().length }, loadBefore: load(), ours: [], others: [] };
const ways = ["Canvas2D arc", "Canvas2D fillRect", "Konva", "Pixi 8 particles"];
const cells = sizes
  .flatMap((seats) => [{}, { ratio: 2 }, { ratio: 2, sharp: true }, { slower: 4 }].map((how) => ({ seats, ratio: 1, slower: 1, ...how })))
  .map((cell) => ({ ...cell, name: `${cell.seats}@${cell.ratio}${cell.sharp ? "sharp" : ""}${cell.slower > 1 ? `/${cell.slower}` : ""}`, turns: [] }))
  .filter((cell) => (only ? only.includes(cell.name) : cell.seats < 1_000_000 || cell.slower === 1));
const floors = [{}, { ratio: 2 }, { slower: 4 }].map((how) => ({ ratio: 1, slower: 1, ...how, turns: [] }));
const singles = [];
/** Of each turn, the share of its time that other machines took. */
const stolen = [];

async function alone(measure) {
  const { result, share } = await undisturbed(measure, say);
  stolen.push(share);
  return result;
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

for (let turn = 0; turn < turns; turn++) {
  for (const floor of floors) floor.turns.push(await alone(() => ready(floor, frames)));
  for (const cell of cells) {
    const one = await alone(() => ours(cell.seats, cell, frames));
    cell.turns.push(one);
    say(`${cell.name}: path p50 ${one.path50.toFixed(1)} p95 ${one.path95.toFixed(1)}, all ${one.all50.toFixed(1)} (load ${load()})`);
  }
  if (!only || only.includes("single")) {
    singles.push(await alone(single));
    const { flips, flipsOwn, complete } = singles.at(-1);
    say(`1,000 changed seats: ${flips.toFixed(1)}, the script ${flipsOwn.toFixed(1)}; complete ${complete.toFixed(0)} (load ${load()})`);
  }
  // Once, in the midst.
  if (turn === turns >> 1 && !only) await baselines();
}
report.ours = cells.map(({ turns, ...cell }) => ({ ...cell, ...merged(turns) }));
report.floors = floors.map(({ turns, ...floor }) => ({ ...floor, ...merged(turns) }));
if (singles.length > 0) report.single = merged(singles);
if (!only) report.shop = await alone(() => navigate(browser));
report.stolen = merged(stolen.map((share) => ({ share })));
report.loadAfter = load();
report.browser = browser.version();
await browser.close();
site.close();

console.log(table(report, sizes, ways).join("\n"));
const json = after("--json");
if (json) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
