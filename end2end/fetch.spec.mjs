// What `./run` does on a machine that has nothing yet, with tools that only pretend: without a network each thing that has
// to be fetched is one sentence, what takes long is told, Ctrl-C ends a build, and the shop is asked for what was typed.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, cpSync, lchownSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { binary } from "./support/server.mjs";
import { left, OTHER, pretended, reaches, type } from "./support/typed.mjs";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "parterre-fetch-")));
after(() => rmSync(folder, { recursive: true, force: true }));
const { at, settings, pretend } = pretended(folder);
const words = ["--port", "0", "--data", join(folder, "data")];

/** As if nothing had been fetched or built yet. */
function forget() {
  for (const made of ["target", "dist", "node_modules"]) rmSync(join(at, made), { recursive: true, force: true });
  mkdirSync(join(at, "dist"));
}

/** Whoever is asked for first on a new machine, in this order, and how `./run` calls it. */
const FETCHED = [
  ["rustup target add", "Adding the WASM target to Rust"],
  ["cargo install wasm-bindgen-cli", "Building wasm-bindgen-cli"],
  ["cargo build --locked --package parterre-frontend", "Building the browser client (about three minutes)"],
  ["npm ci", "Fetching the npm packages of ."],
  ["cargo build", "Building the server (some minutes the first time)"],
];

/** What these tools say without a network: no name server, a closed door, silence. */
const SAID = [
  "Caused by:\n  [6] Could not resolve hostname (Could not resolve host: index.crates.io)",
  "Caused by:\n  [7] Could not connect to server (Failed to connect to 127.0.0.1 port 9 after 0 ms)",
  "Caused by:\n  [28] Timeout was reached (Connection timed out after 10001 milliseconds)",
  "    5: dns error\n    6: failed to lookup address information: Temporary failure in name resolution",
  "error: component download failed for rust-std-wasm32-unknown-unknown\n    5: tunnel error: failed to create underlying connection",
  "npm error code EAI_AGAIN\nnpm error syscall getaddrinfo",
  "npm error FetchError: request to https://registry.npmjs.org/esbuild failed, reason: connect ECONNREFUSED 127.0.0.1:9",
  "npm error code ETIMEDOUT\nnpm error syscall connect",
];

test("without a network each thing that has to be fetched is one sentence", async () => {
  const cases = [...FETCHED.map((fetched, nth) => [...fetched, SAID[nth]]), ...SAID.map((said) => [...FETCHED.at(-1), said])];
  for (const [unreached, doing, said] of cases) {
    if (unreached !== "cargo build") forget();
    const { code, err } = await type(words, { at, settings: { ...settings, UNREACHED: unreached, SAYS: said } }).ended;
    assert.equal(code, 1, unreached);
    assert.equal(err.length, 1, `${unreached}: ${err.join("\n")}`);
    assert.ok(err[0].startsWith(doing), `${unreached}: ${err}`);
    assert.match(err[0], /: the network cannot be reached, and this has to be fetched once\. Connect and try again \(.*\)\.$/);
  }
});

test("what Debian's package lists cannot bring is one sentence", () => {
  pretend("sudo", '#!/bin/sh\nexec "$@"\n');
  // Lists that cannot be read are a warning to apt, and no failure.
  pretend("apt-get", '#!/bin/sh\n[ "$1" = update ] && { echo "W: Failed to fetch http://deb.debian.org/debian/dists/trixie/InRelease  Temporary failure resolving"; exit 0; }\nprintf "%s\\n" "$SAYS" >&2\nexit 100\n');
  const told = (says) => {
    const asks = ". scripts/lib.sh; . scripts/tools.sh; need_packages Redis redis-server";
    const { status, stderr } = spawnSync("bash", ["-c", asks], { cwd: at, env: { ...process.env, ...settings, SAYS: says }, encoding: "utf8" });
    assert.equal(status, 1, says);
    return stderr.trim();
  };
  for (const says of ["E: Unable to locate package redis-server", "E: Package 'redis-server' has no installation candidate"]) {
    assert.match(told(says), /^Installing redis-server from Debian: the package lists of this machine do not have it, .* Connect and try again \(.*\)\.$/);
  }
  const fetched = told("E: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?");
  assert.match(fetched, /^Installing redis-server from Debian: the network cannot be reached, .*\)\.$/);
  assert.match(told("dpkg: error processing package redis-server (--configure):"), /^dpkg: .*\n.*: this did not work \(.*\)\.$/);
  for (const tool of ["sudo", "apt-get"]) rmSync(join(folder, "tools/bin", tool));
});

test("what fails otherwise is shown, though its source speaks of networks", async () => {
  const says = 'error: expected `;`\n  --> src/a.rs:7\n   |\n 7 |   say("Connection refused")\n   |                           ^ here';
  const { code, err } = await type(words, { at, settings: { ...settings, UNREACHED: "cargo build", SAYS: says } }).ended;
  assert.equal(code, 1);
  assert.deepEqual(err.slice(0, -1).join("\n"), says);
  assert.match(err.at(-1), /: this did not work \(the whole story is in .*\)\.$/);
});

test("what is missing or too old is told with what to do", async () => {
  const told = async (more) => {
    const { code, out, err } = await type(words, { at, settings: { ...settings, ...more } }).ended;
    assert.deepEqual([code, out, err.length], [1, [], 1], err.join("\n"));
    return err[0];
  };
  for (const old of ["1.94.1", "1.9.0", "0.99.0"]) {
    assert.equal(await told({ RUST: old }), `Rust 1.95 or newer is needed, this is ${old}: run 'rustup update stable'.`);
  }
  pretend("node", '#!/bin/sh\n[ "$1" = --version ] && echo v18.20.4 || echo 18\n');
  assert.equal(await told(), "Node.js 20 or newer is needed, this is v18.20.4.");
  rmSync(join(folder, "tools/bin/node"));
  // A Mac without its command line tools.
  pretend("xcode-select", "#!/bin/sh\nexit 2\n");
  assert.equal(await told(), "The C compiler is missing: run 'xcode-select --install' and try again.");
  rmSync(join(folder, "tools/bin/xcode-select"));
});

test("what takes long is told, and Ctrl-C ends it", async () => {
  const run = type(words, { at, settings: { ...settings, BUILDING: "300" } });
  await run.hears(/^Building the server \(some minutes the first time\) \.\.\.$/);
  const began = performance.now();
  run.interrupt();
  const { code, signal } = await run.ended;
  assert.ok(signal === "SIGINT" || code !== 0);
  assert.ok(performance.now() - began < 100_000, "it does not wait for the build");
  assert.deepEqual(await left(run.pid, folder), []);

  const killed = type(words, { at, settings: { ...settings, BUILDING: "300" } });
  await killed.hears(/^Building the server \(some minutes the first time\) \.\.\.$/);
  process.kill(killed.pid, "SIGKILL");
  await killed.ended;
  assert.deepEqual(await left(undefined, folder), [], "nor does a build go on for nobody");
});

test("the server is built while the client's tools are fetched", async () => {
  forget();
  writeFileSync(settings.ASKED, "");
  const { code, err } = await type(words, { at, settings: { ...settings, UNREACHED: "cargo install wasm-bindgen-cli", SAYS: "no" } }).ended;
  assert.equal(code, 1);
  assert.match(err.at(-1), /^Building wasm-bindgen-cli/);
  const asked = readFileSync(settings.ASKED, "utf8").split("\n");
  assert.ok(asked.some((line) => line.startsWith("cargo build ")), asked.join("\n"));
  assert.deepEqual(await left(undefined, folder), []);
});

test("a step that ends at once leaves alone what is built beside", () => {
  const asks = '. scripts/lib.sh; begin_beside Beside sleep 300; for nth in $(seq 100); do step "$nth" true; done; kill -0 "$BESIDE"';
  const { status, stderr } = spawnSync("bash", ["-c", asks], { cwd: at, env: { ...process.env, ...settings }, encoding: "utf8" });
  assert.deepEqual([status, stderr], [0, ""]);
});

test("what was killed beside is not taken for what ended well before it", () => {
  const asks = '. scripts/lib.sh; mkdir -p "$LOGS"; echo 0 >"$LOGS/Beside.log.status"; begin_beside Beside sleep 300; kill -9 "$BESIDE"; finish_beside';
  const { status, stderr } = spawnSync("bash", ["-c", asks], { cwd: at, env: { ...process.env, ...settings }, encoding: "utf8" });
  assert.deepEqual([status, stderr], [1, ""]);
});

test("the shop is asked for what was typed", async () => {
  forget();
  mkdirSync(join(at, "target/release"), { recursive: true });
  writeFileSync(join(at, "target/release/parterre"), '#!/bin/sh\nprintf "%s\\n" "$@"\n');
  chmodSync(join(at, "target/release/parterre"), 0o755);
  writeFileSync(settings.ASKED, "");
  // Whatever is fetched beside the server's build, and once it has ended, leaves the build alone.
  const asks = ["--release", "--port=4711", "--data", "mine"];
  const { code, out, err } = await type(asks, { at, cwd: folder, settings: { ...settings, BUILDING: "3" } }).ended;
  assert.equal(code, 0, err.join("\n"));
  const typed = ["serve", "--port", "4711", "--data", join(folder, "mine"), "--assets", join(at, "dist"), "--demo", "--dev-pages"];
  // Before it stands what took long.
  assert.deepEqual(out.slice(-typed.length), typed);
  assert.match(readFileSync(settings.ASKED, "utf8"), /^cargo build --locked --package parterre --release$/m);
});

/** A cluster and a Redis that only pretend, and a shop that says on what it stands; `goes` is what it does then; `name` is the data folder. */
function pretendStores(goes, name) {
  const asked = 'import { appendFileSync } from "node:fs";\nconst [verb, ...rest] = process.argv.slice(2);\n'
    + 'appendFileSync(process.env.ASKED, ["cassandra", verb, ...rest].join(" ") + "\\n");\n';
  const started = 'if (verb === "start") console.log(JSON.stringify({ nodes: ["127.0.0.1:4711", "127.0.0.2:4711"], pids: [] }));\n';
  writeFileSync(join(at, "scripts/cassandra/node.mjs"), asked + started);
  // It stays until somebody ends it, under its own name, as the real one does.
  pretend("redis-server", `#!/bin/sh
[ "$1" = stay ] && while :; do sleep 1; done
printf 'redis-server %s\\n' "$*" >>"$ASKED"
while [ "$1" != --pidfile ]; do shift; done
"$0" stay >/dev/null 2>&1 &
echo $! >"$2"
`);
  pretend("redis-cli", '#!/bin/sh\n[ -f "$REDIS_AT/pid" ] && echo PONG\n');
  mkdirSync(join(at, "target/debug"), { recursive: true });
  writeFileSync(join(at, "target/debug/parterre"), `#!/usr/bin/env node
${goes}\nconsole.log("stands on " + process.env.CQL_NODES + " and " + process.env.REDIS_URL);\n`);
  chmodSync(join(at, "target/debug/parterre"), 0o755);
  writeFileSync(settings.ASKED, "");
  return { ...settings, REDIS_AT: join(folder, name, "redis") };
}

/** What was asked of both. */
const stores = () => readFileSync(settings.ASKED, "utf8").split("\n").filter((line) => /^(cassandra|redis-server) /.test(line));
const asked_to = (verb, name) => `cassandra ${verb} ${join(folder, name, "cassandra")}`;

test("the real stores are started before the shop, named to it, and stopped after it", async () => {
  const typed = ["--real", "--port", "0", "--data", join(folder, "stores")];
  const run = type(typed, { at, settings: pretendStores("process.exitCode = 3;", "stores") });
  const { code, out, err } = await run.ended;
  assert.equal(code, 3, err.join("\n"));
  const [, url] = out.find((line) => line.startsWith("stands on ")).match(/^stands on 127\.0\.0\.1:4711,127\.0\.0\.2:4711 and (redis:\/\/127\.0\.0\.1:\d+)$/);
  assert.ok(out.includes(`Holds on Apache Cassandra at 127.0.0.1:4711,127.0.0.2:4711, the rest on Redis at ${url}.`), out.join("\n"));
  const [start, redis, stop, ...more] = stores().filter((line) => !/^cassandra (able|jars)$/.test(line));
  assert.deepEqual(more, []);
  assert.equal(start, `${asked_to("start", "stores")} --durable --heap 768`);
  assert.match(redis, new RegExp(`^redis-server --port ${new URL(url).port} --bind 127\\.0\\.0\\.1 --dir ${join(folder, "stores/redis")} `));
  assert.equal(stop, asked_to("stop", "stores"));
  assert.deepEqual(await left(run.pid, folder), []);
});

test("Ctrl-C ends the shop, and then the real stores", async () => {
  const typed = ["--real", "--port", "0", "--data", join(folder, "others")];
  const run = type(typed, { at, settings: pretendStores('process.on("SIGINT", () => { console.log("ended"); process.exit(0); });\nsetInterval(() => {}, 1_000);', "others") });
  await run.hears(/^stands on /);
  assert.match(stores().at(-1), /^redis-server /, stores().join("\n"));
  run.interrupt();
  const { code, out, err } = await run.ended;
  assert.equal(code, 0, err.join("\n"));
  assert.ok(out.indexOf("ended") < out.indexOf("Stopping Apache Cassandra and Redis ..."), out.join("\n"));
  assert.equal(stores().at(-1), asked_to("stop", "others"));
  assert.deepEqual(await left(run.pid, folder), []);
});

/** The real server in place of the pretended one, and a home of `user` with or without the PostgreSQL that it fetches. */
function settle(name, fetched) {
  const home = join(folder, name);
  const cache = process.platform === "darwin" ? "Library/Caches/parterre" : ".cache/parterre";
  mkdirSync(join(home, cache), { recursive: true });
  for (const kept of fetched ? readdirSync(join(homedir(), cache)).filter((kept) => kept.startsWith("postgresql-")) : []) {
    cpSync(join(homedir(), cache, kept), join(home, cache, kept), { recursive: true, verbatimSymlinks: true });
  }
  mkdirSync(join(at, "target/debug"), { recursive: true });
  copyFileSync(binary, join(at, "target/debug/parterre"));
  return { ...settings, HOME: home, XDG_CACHE_HOME: "" };
}

test("without a network PostgreSQL is one sentence too", async () => {
  const nowhere = "http://127.0.0.1:9";
  const { code, err } = await type(words, { at, settings: { ...settle("empty", false), HTTPS_PROXY: nowhere, https_proxy: nowhere } }).ended;
  assert.equal(code, 1);
  assert.match(err.at(-1), /^PostgreSQL 18\S* could not be fetched from Maven Central \(.*\)\. Check the network, or set DATABASE_URL/);
});

const alone = process.getuid() !== 0 ? "whoever tests is one" : !reaches("node", ["--version"]) && "Node.js is root's alone here";

test("an ordinary user starts it as root does", { skip: alone }, async () => {
  const mine = settle("home", true);
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { recursive: true })) lchownSync(join(folder, entry), OTHER, OTHER);
  const data = join(folder, "home/data");
  const run = type(["--port", "0", "--data", data], { at, cwd: mine.HOME, settings: mine, user: OTHER });
  await run.hears(/^Parterre is ready: http:\/\/127\.0\.0\.1:\d+$/);
  run.interrupt();
  const { code, err } = await run.ended;
  assert.equal(code, 0, err.join("\n"));
  assert.deepEqual(await left(run.pid, folder), []);
});
