// Makes a module small, the client's and the map's of its benchmark alike.
import { execFileSync } from "node:child_process";
import { renameSync } from "node:fs";
import { nameInOrder } from "./order.mjs";

export const WASM_OPT = new URL("../node_modules/.bin/wasm-opt", import.meta.url).pathname;

/** Writes to `small` what the module at `plain` does, in fewer bytes. */
export function shrink(plain, small) {
  // A large function that is called once stays a function: inlined it is shorter, but compresses worse (by 2.4 KB).
  const inline = ["--one-caller-inline-max-function-size", "25"];
  // The stack lies lowest and never reaches the first kilobyte, so addresses may be folded into the instructions.
  const flags = ["-Oz", "--converge", ...inline, "--low-memory-unused", "--strip-debug", "--strip-producers"];
  // Under its name only when it is whole: whoever finds it there takes it as it is.
  const draft = `${small}.draft`;
  execFileSync(WASM_OPT, [...flags, plain, "-o", draft], { stdio: "inherit" });
  nameInOrder(draft, draft);
  execFileSync(WASM_OPT, ["--debuginfo", "--reorder-functions-by-name", "--strip-debug", draft, "-o", draft], { stdio: "inherit" });
  renameSync(draft, small);
}
