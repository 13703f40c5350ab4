// Wakes the islands of a page: fetches the WASM that lies beside this file, then calls for every <leptos-island>, in the
// document's order, the function that the bundle exports under its name.
import * as client from "parterre-client";

// Ends once what was changed has been shown: a frame, and whatever comes after it.
globalThis.afterPaint = () => new Promise((then) => requestAnimationFrame(() => setTimeout(then)));

// Whoever goes on while the browser is offline would see its own page, and what was typed would be gone: they go once
// somebody answers. (A machine without a network still reaches itself.)
const offline = document.getElementById("offline");
let asking, reached;
async function go(event) {
  const { type, target, submitter } = event;
  const way = target.closest(type === "click" ? "a:not([href^='#'])" : "form");
  if (!way || reached || navigator.onLine || event.defaultPrevented) return;
  event.preventDefault();
  if (asking) return;
  offline.hidden = asking = true;
  reached = await fetch("/healthz").catch(() => {});
  asking = false;
  offline.hidden = !!reached;
  try {
    if (!reached) offline.scrollIntoView({ block: "center" });
    else if (type === "click") way.click();
    // Throws where the button went meanwhile.
    else way.requestSubmit(submitter);
  } finally {
    reached = null;
  }
}
addEventListener("click", go);
addEventListener("submit", go);
addEventListener("online", () => (offline.hidden = true));

// On a phone the sheet's handle is pressed or dragged.
const grip = document.getElementById("grip");
if (grip) {
  const { classList } = grip.parentNode;
  let from, dragged;
  const raise = (up) => {
    classList.toggle("down", !up);
    grip.ariaExpanded = up;
  };
  grip.onpointerdown = ({ clientY }) => {
    from = clientY;
    dragged = false;
  };
  grip.onpointermove = ({ buttons, clientY }) => {
    if (!buttons || Math.abs(clientY - from) < 10) return;
    dragged = true;
    raise(clientY < from);
  };
  grip.onclick = ({ detail }) => (detail && dragged) || raise(classList.contains("down"));
}

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
