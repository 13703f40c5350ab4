// `./run` as it is typed in a terminal, what it leaves running, and a checkout whose tools are only pretended.
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** The checkout. */
export const root = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

/**
 * Types `./run`, or another `command`, of the checkout `at` with `words`, standing in `cwd`; `settings` are environment
 * variables, `user` the number of who types it. A group of its own, as a terminal makes one for whatever is typed in it.
 */
export function type(words, { at = root, command = "run", cwd = at, settings = {}, user } = {}) {
  const env = { ...process.env, ...settings };
  // Whatever the Rust tests run on.
  for (const name of ["CQL_NODES", "DATABASE_URL", "REDIS_URL", "SMTP_URL"]) delete env[name];
  const who = user === undefined ? {} : { uid: user, gid: user };
  const child = spawn(join(at, command), words, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true, ...who });
  const said = { out: [], err: [] };
  const waiting = [];
  const hear = (line) => waiting.forEach(({ pattern, tell }) => pattern.test(line) && tell(line.match(pattern)));
  for (const side of ["out", "err"]) {
    createInterface({ input: side === "out" ? child.stdout : child.stderr }).on("line", (line) => {
      said[side].push(line);
      hear(line);
    });
  }
  const ended = new Promise((resolve) => child.once("close", (code, signal) => resolve({ code, signal, ...said })));
  return {
    pid: child.pid,
    ended,
    /** Waits for a line of either side; fails where `./run` ends without it. */
    hears(pattern) {
      const early = ended.then(() => Promise.reject(new Error(`It ended without ${pattern}:\n${[...said.out, ...said.err].join("\n")}`)));
      return Promise.race([new Promise((tell) => waiting.push({ pattern, tell })), early]);
    },
    /** Ctrl-C: the terminal tells everybody in the group. */
    interrupt: () => process.kill(-child.pid, "SIGINT"),
  };
}

/** An ordinary user, for tests that are root's; whoever tests, where that is one. */
export const OTHER = process.getuid() === 0 ? 65534 : process.getuid();

/** Whether that user can run this program, which may lie where root alone may go. */
export const reaches = (program, words) => spawnSync(program, words, { uid: OTHER, cwd: "/" }).status === 0;

/** What lives of the group, or was started with one of these words, as `ps` tells it. */
export function alive(group, ...words) {
  const { stdout } = spawnSync("ps", ["-A", "-o", "pid=,pgid=,stat=,command="], { encoding: "utf8" });
  const processes = stdout.trim().split("\n").map((line) => line.trim().match(/^(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/));
  const ours = ([, , pgid, state, command]) => !state.startsWith("Z") && (Number(pgid) === group || words.some((word) => command.includes(word)));
  return processes.filter((found) => found && ours(found)).map(([line]) => line);
}

/** What is left of them: whoever was told to end may take a moment, and on a busy machine more than that. */
export async function left(group, ...words) {
  for (let looks = 0; looks < 600 && alive(group, ...words).length > 0; looks += 1) await new Promise((later) => setTimeout(later, 100));
  return alive(group, ...words);
}

/** The process of PostgreSQL in a data folder; undefined where none says that it runs. */
export function postgres(data) {
  const file = join(data, "postgres-18/postmaster.pid");
  return existsSync(file) ? Number(readFileSync(file, "utf8").split("\n")[0]) : undefined;
}

/** A program that `./run` calls; what it was asked is kept in $ASKED. Whatever begins with $UNREACHED fails with $SAYS. */
const TOOL = `#!/bin/sh
asked="\${0##*/} $*"
printf '%s\\n' "$asked" >>"$ASKED"
case "$asked" in "\${UNREACHED:-nothing}"*) printf '%s\\n' "$SAYS" >&2; exit 101 ;; esac
case "$asked" in
  "rustc --version") echo "rustc \${RUST:-1.99.0} (pretended)" ;;
  "rustc --print sysroot") echo /nowhere ;;
  "wasm-bindgen --out-dir"*) mkdir -p "$2" ;;
  "npm ci"*) mkdir -p node_modules ;;
  "cargo build"*) sleep "\${BUILDING:-0}" ;;
esac
`;

/**
 * A checkout in `folder` with the scripts of this one and tools that only pretend, so that everything has to be fetched
 * and nothing is. Answers its path, the settings to type with, and a way to pretend another tool.
 */
export function pretended(folder) {
  const at = join(folder, "checkout");
  const bin = join(folder, "tools/bin");
  for (const made of [join(at, "dist"), bin]) mkdirSync(made, { recursive: true });
  cpSync(join(root, "scripts"), join(at, "scripts"), { recursive: true });
  for (const file of ["run", "bench", "Cargo.lock", "package-lock.json"]) copyFileSync(join(root, file), join(at, file));
  writeFileSync(join(at, "scripts/assets.mjs"), 'import { writeFileSync } from "node:fs";\nwriteFileSync("dist/manifest.json", "{}");\n');
  const pretend = (tool, text = TOOL) => {
    writeFileSync(join(bin, tool), text);
    chmodSync(join(bin, tool), 0o755);
  };
  for (const tool of ["cargo", "rustc", "rustup", "wasm-bindgen", "npm"]) pretend(tool);
  const settings = { PARTERRE_TOOLS: join(folder, "tools"), CARGO_TARGET_DIR: join(at, "target"), ASKED: join(folder, "asked") };
  return { at, settings, pretend };
}
