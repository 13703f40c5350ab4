// What frames cost the processor, by the browser's own trace. A clock on the wall also runs while other machines on the host
// have the processor, and while other programs here have it; the time of a thread does not. Nor does it run while threads
// wait for each other: a few tenths of a millisecond a frame.
import { middle } from "./table.mjs";

// The marks that page.mjs, measure.mjs and run.mjs leave: a frame begins, one of its callbacks is through, a frame of what is
// named behind it is done; something is heard that the next frame shows.
const [BEGUN, CALLED, DONE, HEARING, HEARD] = ["begun", "called", "done ", "hearing", "heard"];

/** Runs `run` under the browser's trace; its result, and by `what` the frames that it drew, each with `own` (its page's main
 *  thread, and the thread that takes the picture over while the main one waits) and `script`, in milliseconds. */
export async function traced(browser, run) {
  const session = await browser.newBrowserCDPSession();
  const events = [];
  session.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  const includedCategories = ["blink.user_timing", "toplevel", "__metadata"];
  await session.send("Tracing.start", { transferMode: "ReportEvents", traceConfig: { includedCategories } });
  const result = await run();
  const complete = new Promise((done) => session.once("Tracing.tracingComplete", done));
  await session.send("Tracing.end");
  if ((await complete).dataLossOccurred) throw new Error("The browser's trace has gaps.");
  await session.detach();
  return { result, frames: frames(events) };
}

function frames(events) {
  const left = events.filter(({ cat, tts }) => cat === "blink.user_timing" && tts !== undefined);
  // Other pages may be open, but only one has frames that count.
  const page = left.findLast(({ name }) => name.startsWith(DONE))?.pid;
  const marks = left.filter(({ pid }) => pid === page).sort((a, b) => a.ts - b.ts);
  const named = ({ ph, pid, name, args }) => ph === "M" && pid === page && name === "thread_name" && args.name === "Compositor";
  const thread = events.find(named)?.tid;
  const tasks = events.filter(({ ph, pid, tid, name }) => ph === "X" && pid === page && tid === thread && name.endsWith("::RunTask"));
  const beside = (from, to) => tasks.reduce((sum, task) => sum + within(task, from.ts, to.ts), 0);
  const out = {};
  let [begun, called, hearing, heard] = [];
  for (const mark of marks) {
    if (mark.name === BEGUN) begun = called = mark;
    else if (mark.name === CALLED) called = mark;
    else if (mark.name === HEARING) hearing = mark;
    else if (mark.name === HEARD) heard = mark.tts - hearing.tts;
    else if (mark.name.startsWith(DONE) && begun) {
      const [own, script] = [mark.tts - begun.tts + beside(begun, mark), called.tts - begun.tts].map((time) => time + (heard ?? 0));
      (out[mark.name.slice(DONE.length)] ??= []).push({ own: own / 1000, script: script / 1000 });
      begun = heard = undefined;
    }
  }
  return out;
}

/** How much of a task's processor time, in microseconds, lies between two moments: as much as of its time on the wall. */
function within({ ts, dur = 0, tdur = 0 }, from, to) {
  const both = Math.min(to, ts + dur) - Math.max(from, ts);
  return both > 0 ? (tdur * both) / dur : 0;
}

/** Each frame's median over turns that drew the same views. */
export function settled(turns) {
  return turns[0].map((_, i) => middle(turns.map((turn) => turn[i])));
}
