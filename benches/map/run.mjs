// The seat map's benchmark: `node run.mjs [--quick] [--json FILE] [--no-build]`, or `./bench map`.
// Builds the map alone on a page, as the client is built (the environment has its flags), draws it in Chromium without a
// GPU beside four other ways, opens the seats page of a shop (PARTERRE_BINARY), prints a table.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { shrink } from "../../scripts/shrink.mjs";
import { serve } from "./serve.mjs";
import { navigate } from "./shop.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");
const option = (name) => process.argv.includes(name);
const after = (name) => (option(name) ? process.argv[process.argv.indexOf(name) + 1] : undefined);
const quick = option("--quick");
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
    let spent = 0;
    const show = (_, seed) => {
      const start = performance.now();
      bench.flip(1000, seed);
      spent = performance.now() - start;
    };
    const [flips, own] = [[], []];
    for (let seed = 1; seed <= 30; seed++) {
      const [total] = await totals([[1, seed]], show, true);
      flips.push(total + spent);
      own.push(window.frameSpent + spent);
    }
    return { hit, flips: share(flips, 0.5), flipsOwn: share(own, 0.5), packed: [...bench.pack()] };
  });
  await close();
  extra["/chart.pch"] = Buffer.from(result.packed);
  delete result.packed;
  const times = [];
  for (let i = 0; i < 7; i++) {
    const { page, close } = await open("packed=1");
    times.push(await page.evaluate(() => window.completeAt));
    await close();
  }
  return { ...result, packed: extra["/chart.pch"].length, complete: times.sort((a, b) => a - b)[3] };
}

const sizes = quick ? [10_000, 100_000] : [1_000, 10_000, 100_000, 1_000_000];
const frames = quick ? 90 : 180;
const report = { machine: { cpu: cpus()[0]?.model, cores: cpus().length }, loadBefore: load(), ours: [], others: [] };
for (const seats of sizes) {
  for (const how of [{}, { ratio: 2 }, { ratio: 2, sharp: true }, { slower: 4 }]) {
    if (seats === 1_000_000 && how.slower) continue;
    const row = { seats, ratio: 1, slower: 1, ...how, ...(await ours(seats, how, frames)) };
    report.ours.push(row);
    say(`${seats} x${row.ratio} /${row.slower}: path p50 ${row.path50.toFixed(1)} p95 ${row.path95.toFixed(1)}, all ${row.all50.toFixed(1)} (load ${load()})`);
  }
}
report.single = await single();
report.shop = await navigate(browser);
say(JSON.stringify([report.single, report.shop]));
const ways = ["Canvas2D arc", "Canvas2D fillRect", "Konva", "Pixi 8 particles"];
for (const seats of sizes) {
  for (const name of ways) {
    if (seats === 1_000_000 && name === "Konva") continue;
    const all50 = await other(name, seats, seats >= 100_000 ? 7 : 20);
    report.others.push({ name, seats, all50 });
    say(`${name} ${seats}: ${all50.toFixed(1)} (load ${load()})`);
  }
}
report.loadAfter = load();
await browser.close();
site.close();

const ms = (value) => (value === undefined ? "" : value < 10 ? value.toFixed(1) : value.toFixed(0));
const lines = [
  `Machine: ${report.machine.cpu}, ${report.machine.cores} cores, load ${report.loadBefore} to ${report.loadAfter}; Chromium ${browser.version()}, no GPU, 1280x800.`,
  "",
  "| seat map, total per frame, ms | panning and zooming p50 | p95 | all seats in view p50 | p95 | resolution kept |",
  "|---|---|---|---|---|---|",
  ...report.ours.map(
    (r) =>
      `| ${r.seats.toLocaleString("en")} seats, pixel ratio ${r.ratio}${r.slower > 1 ? `, CPU slowed ${r.slower}x` : ""}${r.sharp ? ", resolution fixed" : ""} | ${ms(r.path50)} | ${ms(r.path95)} | ${ms(r.all50)} | ${ms(r.all95)} | ${(r.sharpness * 100).toFixed(0)} % |`,
  ),
  "",
  `| all seats in view, median total per frame, ms | ${sizes.map((s) => s.toLocaleString("en")).join(" | ")} |`,
  `|---|${sizes.map(() => "---|").join("")}`,
  `| Parterre | ${sizes.map((s) => ms(report.ours.find((r) => r.seats === s && r.ratio === 1 && r.slower === 1)?.all50)).join(" | ")} |`,
  ...ways.map((name) => {
    const cells = sizes.map((s) => {
      const [own, their] = [report.ours.find((r) => r.seats === s && r.ratio === 1 && r.slower === 1), report.others.find((o) => o.name === name && o.seats === s)];
      return their ? `${ms(their.all50)} (${(their.all50 / own.all50).toFixed(0)}x)` : "-";
    });
    return `| ${name} | ${cells.join(" | ")} |`;
  }),
  "",
  `Hit test ${report.single.hit.toFixed(2)} µs; 1,000 changed seats among 100,000 ${ms(report.single.flips)} ms, of which the map's own script is ${ms(report.single.flipsOwn)} ms.`,
  "",
  `From navigation to a complete map: the shop's own seats page of ${report.shop.seats.toLocaleString("en")} seats ${ms(report.shop.median)} ms (longest of seven ${ms(report.shop.longest)}), nothing cached; the map alone on a bare page ${ms(report.single.complete)} ms (chart of ${report.single.packed.toLocaleString("en")} bytes, uncompressed).`,
];
console.log(lines.join("\n"));
const json = after("--json");
if (json) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
