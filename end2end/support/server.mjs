// A shop of one's own: `parterre serve` on a free port with a data folder of its own and the demo on sale.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { cp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { asked } from "./others.mjs";

const root = new URL("../..", import.meta.url).pathname;
/** The program. */
export const binary = process.env.PARTERRE_BINARY ?? join(root, "target/debug/parterre");
// They only end what hangs.
const START_LIMIT = 240_000;
const STOP_LIMIT = 60_000;

/**
 * Starts a shop; `settings` are environment variables. Ends with its address, its events, and ways to stop it. It begins with
 * what a shop that was just opened has, where PARTERRE_TEMPLATE names that: to make the database takes ten times as long as
 * to copy it. A `fresh` one makes its own, and its own keys.
 */
export async function open(settings = {}, { fresh = false } = {}) {
  const data = mkdtempSync(join(tmpdir(), "parterre-e2e-"));
  const template = process.env.PARTERRE_TEMPLATE;
  if (template && !fresh) await cp(template, data, { recursive: true });
  let running = await start(data, 0, settings);
  const { base } = running;
  return {
    base,
    data,
    said: running.said,
    events: () => events(base),
    /** Stops the shop and starts it again at the same address, on the same data; what lived in the process is gone. */
    async restart() {
      await running.stop();
      running = await start(data, new URL(base).port, settings);
    },
    /** Stops the shop; its folder stays until it is closed. */
    halt: () => running.stop(),
    async close() {
      await running.stop();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

async function start(data, port, settings) {
  const flags = ["serve", "--port", String(port), "--data", data, "--assets", join(root, "dist"), "--demo", "--dev-pages"];
  // PostgreSQL refuses to run as root.
  const isRoot = process.getuid?.() === 0;
  const words = isRoot ? ["unshare", "-U", "--map-user=1000", "--map-group=1000", "--", binary, ...flags] : [binary, ...flags];
  const env = { ...process.env, PARTERRE_WRITES_PER_SECOND: "1000", ...settings };
  // Whatever the Rust tests run on.
  for (const name of ["CQL_NODES", "DATABASE_URL", "REDIS_URL", "SMTP_URL"]) if (!settings?.[name]) delete env[name];
  const child = spawn(words[0], words.slice(1), { env, stdio: ["ignore", "pipe", "pipe"] });
  const said = [];
  const ended = new Promise((resolve) => child.once("exit", resolve));
  createInterface({ input: child.stderr }).on("line", (line) => said.push(line));
  const base = await new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`The shop did not open in time.\n${said.join("\n")}`)), START_LIMIT);
    createInterface({ input: child.stdout }).on("line", (line) => {
      said.push(line);
      const address = line.match(/^Parterre is ready: (\S+)/);
      if (address) resolve(address[1]);
      if (address) clearTimeout(late);
    });
    ended.then((code) => reject(new Error(`The shop ended with ${code}.\n${said.join("\n")}`)));
  });
  return { base, said, stop };

  async function stop() {
    child.kill("SIGTERM");
    const slow = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT);
    await ended;
    clearTimeout(slow);
  }
}

/** The demo's events by what a test wants of them: the smallest house with seats, the largest, and one that stands. */
export async function events(base) {
  const { items } = await json(`${base}/api/v1/events?limit=50`);
  const all = await Promise.all(items.map(({ slug }) => json(`${base}/api/v1/events/${slug}`)));
  const seated = all.filter((event) => event.chart && event.status === "on_sale").sort((a, b) => a.chart.seats - b.chart.seats);
  const onSale = seated.length > 0 ? seated : all.filter((event) => event.chart).sort((a, b) => a.chart.seats - b.chart.seats);
  return { small: onSale[0], large: onSale.at(-1), standing: all.find((event) => !event.chart), all };
}

async function json(address) {
  const answer = await asked(address);
  if (!answer.ok) throw new Error(`${address} answered ${answer.status} (${answer.headers.get("x-request-id")}): ${await answer.text()}`);
  return answer.json();
}
