// What the benchmark of the map prints, and the medians of its turns.
const sorted = (times) => [...times].sort((a, b) => a - b);
/** The median. */
export const middle = (times) => sorted(times)[times.length >> 1];
/** The median of every figure of some turns, and beside it, under its name with `All`, each turn's, ascending. */
export const merged = (turns) =>
  Object.fromEntries(
    Object.keys(turns[0]).flatMap((name) => {
      const all = sorted(turns.map((turn) => turn[name]));
      return [[name, middle(all)], [`${name}All`, all]];
    }),
  );

const ms = (value) => (value === undefined ? "" : value < 10 ? value.toFixed(1) : value.toFixed(0));
/** A median, and where the turns differ from it as it is written, the least and the greatest. */
const spread = (all) => {
  const [least, most] = [ms(all[0]), ms(all.at(-1))];
  return least === most ? ms(middle(all)) : `${ms(middle(all))} (${least} to ${most})`;
};
const how = (r) => `pixel ratio ${r.ratio}${r.slower > 1 ? `, CPU slowed ${r.slower}x` : ""}${r.sharp ? ", resolution fixed" : ""}`;
const row = (what, r) =>
  `| ${what}, ${how(r)} | ${ms(r.path50)} | ${spread(r.path95All)} | ${ms(r.own95)} | ${ms(r.even95)} | ${ms(r.all50)} | ${ms(r.all95)} | ${(r.sharpness * 100).toFixed(0)} % |`;
/** What another way took on the machine on which the goals in milliseconds were set, all seats in view, median ms. */
export const SET = { "Canvas2D arc": { 10_000: 16.7 } };
const percent = (share) => `${(share * 100).toFixed(0)} %`;
const own = (report, seats) => report.ours.find((r) => r.seats === seats && r.ratio === 1 && r.slower === 1);
const cells = (report) => [
  `Machine: ${report.machine.cpu}, ${report.machine.cores} cores, load ${report.loadBefore} to ${report.loadAfter}; Chromium ${report.browser}, no GPU, 1280x800. Other machines on the host took ${percent(report.stolen.share)} of a turn's time in the median, at most ${percent(report.stolen.shareAll.at(-1))}; 10,000 arcs took the processor ${report.slow.share.toFixed(1)} times as long as where the goals in milliseconds were set.`,
  "",
  "| seat map, total per frame, ms | panning and zooming p50 | p95 | p95, own | p95, even | all seats in view p50 | p95 | resolution kept |",
  "|---|---|---|---|---|---|---|---|",
  ...report.floors.map((r) => row("a picture that is ready", r)),
  ...report.ours.map((r) => row(`${r.seats.toLocaleString("en")} seats`, r)),
];
const beside = (report, sizes, ways) => [
  "",
  `| all seats in view, median total per frame, ms | ${sizes.map((s) => s.toLocaleString("en")).join(" | ")} |`,
  `|---|${sizes.map(() => "---|").join("")}`,
  `| Parterre | ${sizes.map((s) => ms(own(report, s).all50)).join(" | ")} |`,
  ...ways.map((name) => {
    const all = sizes.map((s) => {
      const their = report.others.find((o) => o.name === name && o.seats === s);
      return their ? `${ms(their.all50)} (${(their.all50 / own(report, s).all50).toFixed(0)}x)` : "-";
    });
    return `| ${name} | ${all.join(" | ")} |`;
  }),
];
const once = ({ hit, flipsAll, flipsOwnAll, flipsOwnEven, flipsScriptAll, flipsScriptEven }) => [
  "",
  `Hit test ${hit.toFixed(2)} µs; 1,000 changed seats among 100,000, from hearing of them on, ${spread(flipsAll)} ms; own ${spread(flipsOwnAll)} (even: ${ms(flipsOwnEven)}), of which script is ${spread(flipsScriptAll)} (even: ${ms(flipsScriptEven)}).`,
];
const complete = ({ single, shop }) => [
  "",
  `From navigation to a complete map: the shop's own seats page of ${shop.seats.toLocaleString("en")} seats ${ms(shop.median)} ms (longest of seven ${ms(shop.longest)}), nothing cached; the map alone on a bare page ${ms(single.complete)} ms (chart of ${single.packed.toLocaleString("en")} bytes, uncompressed).`,
];
/** The lines of what was measured: the cells, the other ways, and what stands alone, as far as there is of each. */
export const table = (report, sizes, ways) => [
  ...cells(report),
  ...(report.others.length > 0 ? beside(report, sizes, ways) : []),
  ...(report.single ? once(report.single) : []),
  ...(report.shop ? complete(report) : []),
];
