// Pictures of the map for the eye: `node pictures.mjs WASM_FOLDER OUT_FOLDER [NAME_PART]`.
import { chromium } from "playwright-core";
import { serve } from "./serve.mjs";

const [wasm, out, only] = process.argv.slice(2);
const site = await serve(wasm);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const screens = {
  desktop: { viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1 },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 3, isMobile: true, hasTouch: true },
};
const views = [
  ["theatre", 0, "all", 0],
  ["theatre", 0, "mid", 4.6],
  ["theatre", 0, "deep", 13],
  ["arena", 0, "all", 0],
  ["arena", 0, "mid", 4.6],
  ["arena", 0, "deep", 11],
  ["bowl", 80000, "all", 0],
  ["bowl", 80000, "near", 3],
  ["bowl", 80000, "mid", 5],
  ["bowl", 1000000, "all", 0],
];
for (const [screen, shape] of Object.entries(screens)) {
  for (const scheme of ["light", "dark"]) {
    const context = await browser.newContext({ ...shape, colorScheme: scheme });
    const page = await context.newPage();
    page.on("console", (m) => console.log(m.type(), m.text()));
    page.on("pageerror", (e) => console.log("error", String(e)));
    for (const [chart, seats, view, radius] of views) {
      const name = `${chart}${seats >= 1e6 ? "-1m" : ""}-${view}-${screen}-${scheme}`;
      if (only && !name.includes(only)) continue;
      await page.goto(`${site.url}/?chart=${chart}&seats=${seats}`);
      await page.waitForFunction(() => window.completeAt);
      await page.evaluate((radius) => {
        const b = window.bench;
        const [w, h, r] = b.plan();
        const x = b.x(), y = b.y();
        if (radius) {
          // Where the seats are densest about two thirds into the chart's list.
          const at = Math.floor(x.length * 0.62);
          b.look(radius / r, x[at], y[at]);
          b.mine([at, at + 1]);
          b.suggest([at - 40, at - 39]);
        }
      }, radius);
      await page.waitForTimeout(400);
      await page.screenshot({ path: `${out}/${name}.png` });
    }
    await context.close();
  }
}
await browser.close();
site.close();
