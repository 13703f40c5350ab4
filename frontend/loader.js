// Wakes the islands of a page: fetches the WASM that lies beside this file, then calls for every <leptos-island>, in the
// document's order, the function that the bundle exports under its name.
import * as client from "parterre-client";

// Ends once what was changed has been shown: a frame, and whatever comes after it.
globalThis.afterPaint = () => new Promise((then) => requestAnimationFrame(() => setTimeout(then)));

const bundle = () => fetch(new URL("parterre.wasm", import.meta.url));
const imports = client.imports();
const { instance, module } = await WebAssembly.instantiateStreaming(bundle(), imports).catch(
  // On its way it lost its type, without which it must not be compiled as it comes. What was fetched is in the browser's cache.
  async () => WebAssembly.instantiate(await (await bundle()).arrayBuffer(), imports),
);
client.begin(instance, module);
for (const element of document.querySelectorAll("leptos-island")) {
  // The server appends a number to the name.
  const wake = client[element.dataset.component.split("_")[0]];
  if (wake) wake();
  else console.warn(`This page has an island that the bundle does not know: ${element.dataset.component}`);
}
document.documentElement.dataset.awake = "";
