// What `./bench` writes into its page: the table and the machine, nothing of what was built on the way, and no word of
// what a person wrote beside it is lost.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { left, pretended, root, type } from "./support/typed.mjs";

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

/** A server that only pretends, with one event. */
const SERVER = `#!/usr/bin/env node
const [, , verb, ...words] = process.argv;
if (verb === "demo") console.log("http://127.0.0.1/events/bowl");
else require("node:http").createServer((_, answer) => answer.end('{"chart":{"seats":7}}')).listen(0, "127.0.0.1", function () {
  require("node:fs").writeFileSync(words[words.indexOf("--data") + 1] + "/address", "http://127.0.0.1:" + this.address().port);
});
`;

test("a measurement of streams that breaks off is no table, and leaves no server", async (t) => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "parterre-bench-")));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const { at, settings } = pretended(folder);
  mkdirSync(join(at, "target/release"), { recursive: true });
  writeFileSync(join(at, "target/release/parterre"), SERVER, { mode: 0o755 });
  const breaks = { UNREACHED: "cargo bench --locked --package parterre --bench sse -- --quick", SAYS: "a listener was lost", TMPDIR: folder };
  const run = type(["sse", "--quick"], { at, command: "bench", settings: { ...settings, ...breaks } });
  const { code, err } = await run.ended;
  assert.deepEqual([code, err.at(-1)], [1, "The measurement of live streams ended before its time, and no table was written."], err.join("\n"));
  assert.deepEqual(await left(run.pid, folder), []);
});
