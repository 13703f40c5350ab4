// Measures drawing as a person sees it: from the start of the animation frame until a message posted in it arrives, so
// that flush, paint and commit count. Runs in the page.
export { share } from "/share.mjs";

const channel = new MessageChannel();
const waiting = [];
channel.port1.onmessage = () => waiting.shift()?.(performance.now());

/** Totals, in milliseconds, of one frame for each view. `show` draws in the frame itself (a baseline), or asks for the
 *  frame's own drawing (`own`: the map). `frameStart` is when the frame's first callback began, whoever's it was. `what`
 *  these frames are is marked at the end of each, for processor.mjs. */
export async function totals(views, show, own, what) {
  const out = [];
  for (const view of views) {
    out.push(
      await new Promise((done) => {
        requestAnimationFrame(() => {
          waiting.push((end) => {
            if (what) performance.mark(`done ${what}`);
            done(end - window.frameStart);
          });
          if (!own) show(...view);
          channel.port2.postMessage(0);
        });
        if (own) show(...view);
      }),
    );
  }
  return out;
}

/** Views of a journey over the plan: nearer, across, nearer, across, and back: `[scale, x, y]`. */
export function journey(plan, frames) {
  const [w, h, r] = plan;
  const fit = Math.min(innerWidth / w, innerHeight / h) * 0.96;
  const views = [];
  const leg = (n, from, to, dx, dy) => {
    for (let i = 0; i < n; i++) {
      const scale = from * (to / from) ** ((i + 1) / n);
      const last = views.at(-1) ?? [fit, w / 2, h / 2];
      views.push([scale, last[1] + dx / scale, last[2] + dy / scale]);
    }
  };
  const [seats, numbers] = [Math.max(fit, 3 / r), Math.max(fit, 10 / r)];
  const n = Math.round(frames / 6);
  leg(n, fit, seats, -4, -3);
  leg(n, seats, seats, -7, -3);
  leg(n, seats, numbers, 0, 0);
  leg(n, numbers, numbers, -9, 5);
  leg(n, numbers, fit, 0, 0);
  leg(n, fit, fit * 1.3, 0, 0);
  return views;
}

/** Views with every seat in view, each at another scale, so that nothing can be kept from the last one. */
export function whole(plan, frames) {
  const [w, h] = plan;
  // A little nearer than the map's own whole house, which leaves a margin of 24.
  const fit = Math.min((innerWidth - 48) / w, (innerHeight - 48) / h);
  return Array.from({ length: frames }, (_, i) => [fit * (1 + 0.004 * ((i % 10) + 2)), w / 2, h / 2]);
}
