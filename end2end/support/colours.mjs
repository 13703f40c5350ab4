// What the map is painted with.
import { still } from "./walk.mjs";

/** How many pixels of the map each price zone colours: those between its seats' ground and its full colour, nearer to the latter. */
export async function coloured(page) {
  await still(page);
  return page.locator("canvas#map").evaluate((map) => {
    const style = getComputedStyle(document.documentElement);
    // The style sheet's minifier shortens what it can: `#fff`.
    const rgb = (name) => {
      const hex = style.getPropertyValue(name).trim().slice(1);
      const long = hex.length === 3 ? hex.replace(/./g, "$&$&") : hex;
      return [0, 2, 4].map((i) => parseInt(long.slice(i, i + 2), 16));
    };
    const ground = rgb("--surface");
    const zones = [...document.querySelectorAll(".filters [data-do^='pass:'] .dot")].map((dot) => Number(dot.className.match(/z(\d)/)[1]));
    const ways = zones.map((zone) => rgb(`--z${zone}`).map((channel, i) => channel - ground[i]));
    const counts = zones.map(() => 0);
    const { data } = map.getContext("2d").getImageData(0, 0, map.width, map.height);
    for (let at = 0; at < data.length; at += 4) {
      const from = [0, 1, 2].map((i) => data[at + i] - ground[i]);
      ways.forEach((way, zone) => {
        const long = way.reduce((sum, w) => sum + w * w, 0);
        const share = way.reduce((sum, w, i) => sum + w * from[i], 0) / long;
        const off = way.reduce((sum, w, i) => sum + (from[i] - share * w) ** 2, 0);
        if (share > 0.55 && share < 1.05 && off < 12 ** 2) counts[zone] += 1;
      });
    }
    return counts;
  });
}
