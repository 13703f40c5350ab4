// Writes a benchmark's table (second argument: the file with what it printed) into docs/BENCHMARKS.md (or the page that
// the third names), between the marks of its name (first argument), with the machine it ran on and the day.
import { readFileSync, writeFileSync } from "node:fs";
import { arch, cpus, platform, release, totalmem } from "node:os";

const ours = new URL("../docs/BENCHMARKS.md", import.meta.url).pathname;
const [name, printed, page = ours] = process.argv.slice(2);
// What was fetched and built on the way (`step` in scripts/lib.sh, cargo) is no part of it.
const onTheWay = [/^==/, /^\s*(Compiling|Finished|Running|Building|Fetching) /, /\S \.\.\.$/, /^ {2}\.\.\. \d+ s:/, /: done in \d+ s$/];
const lines = readFileSync(printed, "utf8").split("\n").filter((line) => !onTheWay.some((shape) => shape.test(line)));
const table = lines.join("\n").trim();
// What is already a Markdown table stays one; anything else keeps its columns.
const shown = table.includes("|---") || table.includes("| ---") ? table : `\`\`\`\n${table}\n\`\`\``;
const machine = `${cpus().length} cores (${cpus()[0].model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${release()} ${arch()}`;
const day = new Date().toISOString().slice(0, 10);
const section = `<!-- ${name} -->\n## ${name}\n\n${day}, ${machine}.\n\n${shown}\n<!-- /${name} -->`;

const text = readFileSync(page, "utf8");
const old = new RegExp(`<!-- ${name} -->[\\s\\S]*?<!-- /${name} -->`);
writeFileSync(page, old.test(text) ? text.replace(old, () => section) : `${text.trimEnd()}\n\n${section}\n`);
console.log(`Written to ${page === ours ? "docs/BENCHMARKS.md" : page}: ${name}.`);
