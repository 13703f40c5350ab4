// The names by which WASM and JavaScript know each other, made short on both sides: each carries a hash, and a hash does
// not compress. And a start without detours.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { WASM_OPT } from "./shrink.mjs";

/** Writes what the module at `wasm` and its glue at `js` are, under short names, to `shortWasm` and `shortJs`. */
export function shorten({ wasm, js, shortWasm, shortJs }) {
  const flags = ["--minify-imports-and-exports-and-modules", "--strip-target-features"];
  const { imports, exports } = JSON.parse(execFileSync(WASM_OPT, [...flags, wasm, "-o", shortWasm], { encoding: "utf8" }));
  let glue = readFileSync(js, "utf8");
  const swap = (from, to) => {
    const parts = glue.split(from);
    if (parts.length < 2) throw new Error(`wasm-bindgen's JavaScript is not what it was: there is no ${from}`);
    glue = parts.join(to);
  };
  // The one module that everything comes from is named `a`.
  if (new Set(imports.map(([module]) => module)).size !== 1) throw new Error("The client imports from several modules.");
  swap(`"${imports[0][0]}":`, "a:");
  for (const [, name, short] of imports) swap(` ${name}: function(`, ` ${short}: function(`);
  for (const [name, short] of exports) {
    const used = new RegExp(`\\bwasm\\.${name}\\b`, "g");
    if (!used.test(glue) && glue.includes(name)) throw new Error(`wasm-bindgen's JavaScript is not what it was: see ${name}`);
    glue = glue.replace(used, () => `wasm.${short}`);
  }
  // What the glue does to start by itself knows servers and browsers that there are not; the loader starts.
  swap("export { initSync, __wbg_init as default };", "export { __wbg_get_imports as imports, __wbg_finalize_init as begin };");
  writeFileSync(shortJs, glue);
}
