// Prints one hash over the names and contents of the given files and folders; what is missing counts as missing.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const hash = createHash("sha256");
for (const path of process.argv.slice(2)) add(path);
console.log(hash.digest("hex"));

function add(path) {
  if (!existsSync(path)) {
    hash.update(`missing ${path}\0`);
  } else if (statSync(path).isDirectory()) {
    for (const name of readdirSync(path).sort()) add(join(path, name));
  } else {
    hash.update(`${path}\0`).update(readFileSync(path)).update("\0");
  }
}
