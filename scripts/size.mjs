// Weighs the client of the seat page and the checkout as it travels: all WASM, JavaScript and CSS, by brotli.
// Ends with 1 above the budget.
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const BUDGET = 110 * 1024;
const GOAL = 89 * 1024;

const dist = process.argv[2] ?? new URL("../dist", import.meta.url).pathname;
const manifest = JSON.parse(readFileSync(join(dist, "manifest.json"), "utf8"));
const folder = join(dist, "assets", manifest.base.split("/").at(-2));
let total = 0;
for (const kind of ["wasm", "js", "css"]) {
  const bytes = weigh(join(folder, manifest[kind]));
  total += bytes;
  console.log(`${manifest[kind].padEnd(16)} ${kb(bytes)}`);
}
console.log(`${"together".padEnd(16)} ${kb(total)}   (budget ${kb(BUDGET)}, goal ${kb(GOAL)})`);
if (total > BUDGET) {
  console.error(`The client is ${kb(total - BUDGET)} above its budget.`);
  process.exit(1);
}

/** The brotli twin's size, or the file's own where it has none. */
function weigh(path) {
  try {
    return statSync(`${path}.br`).size;
  } catch {
    return statSync(path).size;
  }
}

function kb(bytes) {
  return `${(bytes / 1024).toFixed(1)} KB`.padStart(9);
}
