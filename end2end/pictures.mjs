// Makes the pictures of README.md anew, from the demo as it is: `node end2end/pictures.mjs`, after `./test browser` has built
// the server and the client. Look at them before you keep them.
import { launch, PHONE } from "./support/browser.mjs";
import { open } from "./support/server.mjs";
import { holdBest, openSeats, still } from "./support/walk.mjs";

const DESKTOP = { viewport: { width: 1280, height: 800 } };
const folder = new URL("../docs/pictures/", import.meta.url).pathname;

const [shop, browser] = await Promise.all([open(), launch()]);
try {
  const { all, large } = await shop.events();
  const arena = all.find((event) => /arena/i.test(event.venue.name) && event.chart);
  await picture("home", DESKTOP, (page) => page.goto("/"));
  await picture("seats", DESKTOP, (page) => held(page, arena));
  // At one and a half times its size a phone's picture is sharp enough, and half as heavy.
  await picture("phone", { ...PHONE, deviceScaleFactor: 1.5, colorScheme: "dark" }, (page) => held(page, large));
} finally {
  await browser.close();
  await shop.close();
}

async function held(page, event) {
  await openSeats(page, event);
  await holdBest(page, 2);
  // The map flies to what is held.
  await still(page);
}

async function picture(name, how, show) {
  const context = await browser.newContext({ baseURL: shop.base, locale: "en-GB", ...how });
  const page = await context.newPage();
  await show(page);
  await page.screenshot({ path: `${folder}${name}.jpg`, type: "jpeg", quality: 85 });
  await context.close();
}
