// The page under measurement: `?chart=bowl&seats=100000` draws a chart, `?packed=1` fetches it packed.
import init, { Bench } from "/wasm/bench.js";

// When each frame's first callback begins, and when each of them is through.
const ask = window.requestAnimationFrame.bind(window);
let frame;
window.requestAnimationFrame = (callback) =>
  ask((time) => {
    if (time !== frame) {
      frame = time;
      window.frameStart = performance.now();
      performance.mark("begun");
    }
    callback(time);
    performance.mark("called");
  });

const query = new URLSearchParams(location.search);
const packed = query.has("packed") ? fetch("/chart.pch").then((r) => r.arrayBuffer()) : null;
await init({ module_or_path: "/wasm/bench_bg.wasm" });
const bench = packed
  ? Bench.unpack(new Uint8Array(await packed))
  : new Bench(query.get("chart") ?? "bowl", Number(query.get("seats") ?? 10000));
bench.sell(7);
const canvas = document.getElementById("map");
if (!query.has("bare")) {
  bench.mount(canvas, query.has("sharp"));
  // The picture is complete once the frame that drew it has been painted and committed.
  const port = new MessageChannel();
  port.port1.onmessage = () => {
    if (bench.ready()) {
      performance.mark("complete");
      window.completeAt = performance.now();
    } else requestAnimationFrame(() => port.port2.postMessage(0));
  };
  requestAnimationFrame(() => port.port2.postMessage(0));
}
window.bench = bench;
