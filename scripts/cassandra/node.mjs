// Starts and stops Apache Cassandra on this machine, for tests and for a look at the real thing:
//
//   node scripts/cassandra/node.mjs start FOLDER [--nodes N] [--heap MB] [--durable] [--quick]
//   node scripts/cassandra/node.mjs stop FOLDER
//   node scripts/cassandra/node.mjs able        whether this machine has what it takes
//   node scripts/cassandra/node.mjs jars
//
// `start` starts those of the folder's nodes that do not run, waits until all answer, and prints one line of JSON:
// {"nodes":["127.0.0.1:40123"],"pids":[4711]}. Data and ports stay with the folder. Nodes run on after this program.
// What a crash left behind is found by the pid files. Exit 3: this machine lacks Java 17 or Maven, in one sentence.
import { spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { flags, LOGBACK, yaml } from "./settings.mjs";

const VERSION = "5.0.6";
const START_WITHIN = 120_000;
const here = dirname(fileURLToPath(import.meta.url));
const tools = process.env.PARTERRE_TOOLS ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "parterre/tools");
const lib = join(tools, `cassandra-${VERSION}`, "lib");
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

function lacking(sentence) {
  console.error(sentence);
  process.exit(3);
}

/// Fetches the jars, once; interrupted at any point it begins anew.
function jars() {
  if (existsSync(lib)) return;
  able();
  const draft = `${lib}.${process.pid}`;
  const words = ["-B", "-q", "-f", join(here, "pom.xml"), "dependency:copy-dependencies", `-DoutputDirectory=${draft}`];
  const fetched = spawnSync("mvn", words, { encoding: "utf8" });
  if (fetched.status !== 0) {
    rmSync(draft, { recursive: true, force: true });
    throw new Error(`Apache Cassandra could not be fetched from Maven Central: ${fetched.stdout.trim().split("\n").at(-1)}`);
  }
  // Two may have fetched at the same time; either result will do.
  if (existsSync(lib)) rmSync(draft, { recursive: true, force: true });
  else renameSync(draft, lib);
}

/// The Java 17 of this machine, also where another version comes first. Newer ones lack what Cassandra 5 needs.
function java() {
  const folder = "/usr/lib/jvm";
  const homes = [process.env.JAVA_HOME, ...(existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [])];
  const programs = ["java", ...homes.filter(Boolean).map((home) => join(home, "bin/java"))];
  const version = (program) => /version "(\d+)/.exec(spawnSync(program, ["-version"], { encoding: "utf8" }).stderr ?? "")?.[1];
  return programs.find((program) => version(program) === "17") ?? lacking("Apache Cassandra needs Java 17, which is not here.");
}

function able() {
  java();
  if (!existsSync(lib) && spawnSync("mvn", ["--version"]).error) lacking("Apache Cassandra is fetched by Maven, which is not here.");
}

const address = (index) => `127.0.0.${index + 1}`;
const home = (folder, index) => join(folder, `node${index + 1}`);

/// The node's process, where it lives and is the one that the pid file means.
function running(folder, index) {
  try {
    const pid = Number(readFileSync(join(home(folder, index), "pid"), "utf8"));
    const words = existsSync("/proc/self/cmdline")
      ? readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")
      : spawnSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" }).stdout;
    return words.includes(`-Dcassandra.storagedir=${home(folder, index)} `) ? pid : undefined;
  } catch {
    return undefined;
  }
}

/// A port that is free on every address of the cluster.
async function freePort(nodes) {
  for (let attempt = 0; attempt < 50; attempt++) {
    // Below the range that outgoing connections take their ports from.
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const free = await Promise.all(Array.from({ length: nodes }, (_, index) => new Promise((done) => {
      const probe = createServer().on("error", () => done(false));
      probe.listen(port, address(index), () => probe.close(() => done(true)));
    })));
    if (free.every(Boolean)) return port;
  }
  throw new Error("No free port was found for Apache Cassandra.");
}

async function portsOf(folder, nodes) {
  const file = join(folder, "ports.json");
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8"));
  const ports = { storage: await freePort(nodes), native: await freePort(nodes) };
  writeFileSync(file, JSON.stringify(ports));
  return ports;
}

const answers = (host, port) => new Promise((done) => {
  const socket = connect({ host, port, timeout: 500 });
  const end = (answer) => { socket.destroy(); done(answer); };
  socket.on("connect", () => end(true)).on("error", () => end(false)).on("timeout", () => end(false));
});

function launch(folder, index, nodes, ports, options, program) {
  const own = home(folder, index);
  mkdirSync(own, { recursive: true });
  const seeds = Array.from({ length: nodes }, (_, at) => address(at));
  writeFileSync(join(own, "cassandra.yaml"), yaml({ folder: own, index, nodes, address: address(index), seeds, ports, durable: options.durable, heap: Number(options.heap) }));
  writeFileSync(join(own, "logback.xml"), LOGBACK);
  const log = openSync(join(own, "log"), "w");
  // In a session of its own: Ctrl-C at the terminal is for the shop, which stops its stores in good order.
  const child = spawn(program, flags({ folder: own, lib, heap: Number(options.heap), quick: options.quick }), {
    cwd: own, detached: true, stdio: ["ignore", log, log],
  });
  closeSync(log);
  child.unref();
  writeFileSync(join(own, "pid"), String(child.pid));
}

const lastWords = (folder, index) =>
  readFileSync(join(home(folder, index), "log"), "utf8").trim().split("\n").slice(-5).join(" | ");

async function start(folder, options) {
  const nodes = Number(options.nodes);
  const program = java();
  jars();
  mkdirSync(folder, { recursive: true });
  const ports = await portsOf(folder, nodes);
  const every = Array.from({ length: nodes }, (_, index) => index);
  const launched = new Set();
  const ensure = (index) => {
    const pid = running(folder, index);
    // A test that crashed may have left one paused.
    if (pid) return process.kill(pid, "SIGCONT");
    launch(folder, index, nodes, ports, options, program);
    launched.add(index);
  };
  every.forEach(ensure);
  const until = Date.now() + START_WITHIN;
  for (const index of every) {
    while (!(await answers(address(index), ports.native))) {
      if (!running(folder, index)) {
        if (launched.has(index)) throw new Error(`Apache Cassandra ended: ${lastWords(folder, index)}`);
        // It was on its way down when this began.
        ensure(index);
      }
      if (Date.now() > until) throw new Error(`Apache Cassandra was not ready in two minutes: ${lastWords(folder, index)}`);
      await pause(50);
    }
  }
  console.log(JSON.stringify({ nodes: every.map((index) => `${address(index)}:${ports.native}`), pids: every.map((index) => running(folder, index)) }));
}

async function stop(folder) {
  for (let index = 0; existsSync(home(folder, index)); index++) {
    const pid = running(folder, index);
    if (!pid) continue;
    // A paused one would sleep through a polite word; what is acknowledged is in the commit log either way.
    process.kill(pid, "SIGCONT");
    process.kill(pid, "SIGTERM");
    for (let waited = 0; running(folder, index); waited += 50) {
      if (waited > 15_000) process.kill(pid, "SIGKILL");
      await pause(50);
    }
  }
}

const { values, positionals: [command, folder] } = parseArgs({
  allowPositionals: true,
  options: {
    nodes: { type: "string", default: "1" }, heap: { type: "string", default: "768" },
    durable: { type: "boolean", default: false }, quick: { type: "boolean", default: false },
  },
});
try {
  if (command === "able") able();
  else if (command === "jars") jars();
  else if (command === "start" && folder) await start(resolve(folder), values);
  else if (command === "stop" && folder) await stop(resolve(folder));
  else lacking("node scripts/cassandra/node.mjs start|stop FOLDER, able or jars");
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
