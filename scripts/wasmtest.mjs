// Runs Rust tests that were built for WebAssembly: `node wasmtest.mjs FILE`. They print nothing there; a test that fails
// is a trap, and its name stands in the stack.
import { readFileSync } from "node:fs";

const module = await WebAssembly.compile(readFileSync(process.argv[2]));
const { main } = (await WebAssembly.instantiate(module, {})).exports;
try {
  process.exitCode = main(0, 0);
} catch (trap) {
  console.error(trap.stack);
  process.exitCode = 1;
}
