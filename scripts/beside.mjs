// Runs a command beside a shell: `node scripts/beside.mjs LOG COMMAND...`. What it says goes to LOG, and its exit status, once
// it has ended, to LOG.status. Told to end, or once that shell is gone, it ends the command with everything that this
// started: the jobs of a shell that is no terminal's do not hear Ctrl-C.
import { spawn } from "node:child_process";
import { openSync, writeFileSync } from "node:fs";

const shell = process.ppid;
const [log, command, ...words] = process.argv.slice(2);
const output = openSync(log, "w");
const child = spawn(command, words, { stdio: ["ignore", output, output], detached: true });

const end = () => {
  try {
    process.kill(-child.pid, "SIGTERM");
  } catch {
    // It has ended by itself.
  }
};
for (const told of ["SIGINT", "SIGTERM"]) process.on(told, end);
const watch = setInterval(() => process.ppid !== shell && end(), 500);

const ended = (status) => {
  clearInterval(watch);
  writeFileSync(`${log}.status`, `${status}`);
};
child.once("error", ({ message }) => {
  writeFileSync(log, `${message}\n`);
  ended(127);
});
child.once("exit", (code) => ended(code ?? 1));
