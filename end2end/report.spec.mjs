// What `./bench` writes into its page: the table and the machine, nothing of what was built on the way, and no word of
// what a person wrote beside it is lost.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "./support/typed.mjs";

const PRINTED = `Fetching the npm packages of benches/map ...
  ... 12 s: added 21 packages
Fetching the npm packages of benches/map: done in 14 s
Installing chromium from Debian: done in 31 s
   Compiling parterre v0.1.0
| seats | ms |
|---|---|
| 1,000 | $& |

Hit test 0.14 µs.
`;

test("a benchmark's table replaces its last one and nothing else", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "parterre-report-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [page, printed] = [join(folder, "page.md"), join(folder, "printed")];
  const write = (name, text) => {
    writeFileSync(printed, text);
    execFileSync("node", [join(root, "scripts/report.mjs"), name, printed, page]);
    return readFileSync(page, "utf8");
  };
  writeFileSync(page, "# Figures\n\nBefore.\n\n<!-- map -->\nold\n<!-- /map -->\n\nBy hand.\n");
  const first = write("map", PRINTED);
  const section = /<!-- map -->\n## map\n\n\d{4}-\d\d-\d\d, \d+ cores \(.*\), \d+ GiB, .*\.\n\n(.*)\n<!-- \/map -->/s;
  assert.equal(first.match(section)?.[1], "| seats | ms |\n|---|---|\n| 1,000 | $& |\n\nHit test 0.14 µs.");
  assert.ok(first.startsWith("# Figures\n\nBefore.\n\n<!-- map -->") && first.endsWith("<!-- /map -->\n\nBy hand.\n"));
  assert.equal(write("map", PRINTED), first, "as often as it is measured");
  const both = write("other", "no table\n");
  assert.ok(both.startsWith(first.trimEnd()) && both.includes("```\nno table\n```"));
});
