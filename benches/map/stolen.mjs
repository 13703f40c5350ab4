// What other machines on the same host take while something is measured. Linux alone says it: elsewhere it counts as none.
import { readFileSync } from "node:fs";

/** Hundredths of a second that this machine's programs ran, and that they had to wait for other machines. */
function spent() {
  try {
    const [user, nice, system, , , irq, soft, stolen] = readFileSync("/proc/stat", "utf8").split("\n", 1)[0].trim().split(/\s+/).slice(1).map(Number);
    return { ran: user + nice + system + irq + soft, stolen };
  } catch {
    return { ran: 0, stolen: 0 };
  }
}

/** The result, and the share of the time that was wanted for it which other machines took. */
export async function shared(measure) {
  const before = spent();
  const result = await measure();
  const after = spent();
  const stolen = after.stolen - before.stolen;
  return { result, share: stolen / Math.max(1, stolen + after.ran - before.ran) };
}
