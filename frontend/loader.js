// Wakes the islands of a page: fetches the WASM that lies beside this file, then walks the document from the
// outside in and hands every <leptos-island> to the function the bundle exports under its name.
import start, * as client from "parterre-client";

const childrenOf = [];

async function wake(element) {
  const tag = element.localName;
  if (tag === "leptos-island") {
    const island = client[element.dataset.component];
    if (island) {
      // An island among another island's children first runs that island's context.
      childrenOf.at(-1)?.();
      await island(element);
    } else {
      console.warn(`This page has an island that the bundle does not know: ${element.dataset.component}`);
    }
  }
  const slot = tag === "leptos-children";
  if (slot) childrenOf.push(element.$$on_hydrate);
  for (const child of element.children) await wake(child);
  if (slot) childrenOf.pop();
}

// What hydration reads of a streamed page; these pages arrive whole, so all of it is empty.
for (const name of ["__RESOLVED_RESOURCES", "__SERIALIZED_ERRORS", "__INCOMPLETE_CHUNKS"]) globalThis[name] ??= [];

await start({ module_or_path: new URL("parterre.wasm", import.meta.url) });
client.hydrate();
await wake(document.body);
document.documentElement.dataset.awake = "";
