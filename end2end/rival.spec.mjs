// Two people after one seat: one has it, the other is told and given the nearest equal one, and the map shows which.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lost, refused, visit } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { basket, drawn, inBasket, openSeats, still } from "./support/walk.mjs";

evening();

/** The map with the cursor on it, so many seats along the row from where it begins; a press takes a single seat. */
async function pointAt(page, along) {
  await openSeats(page, event);
  await page.locator("#quantity").fill("1");
  await page.locator("#quantity").blur();
  await page.locator("canvas#map").focus();
  for (let steps = 0; steps < along; steps += 1) {
    await page.keyboard.press("ArrowRight");
    await drawn(page);
  }
  await page.waitForFunction(() => /^Row /.test(document.querySelector("#said").textContent));
  return (await page.locator("#said").innerText()).split(",").slice(0, 2).join(",");
}

/** Keeps what the map shows. */
const keep = (page) =>
  page.locator("canvas#map").evaluate((map) => {
    window.kept = map.getContext("2d").getImageData(0, 0, map.width, map.height);
  });

/** Where the map differs from what was kept: how many pixels, their middle on the canvas and how far they reach. */
const differs = (page) =>
  page.locator("canvas#map").evaluate((map) => {
    const [now, { data, width }] = [map.getContext("2d").getImageData(0, 0, map.width, map.height).data, window.kept];
    let [count, left, top, right, bottom] = [0, Infinity, Infinity, -Infinity, -Infinity];
    for (let at = 0; at < data.length; at += 4) {
      if (data[at] === now[at] && data[at + 1] === now[at + 1] && data[at + 2] === now[at + 2]) continue;
      const [x, y] = [(at / 4) % width, Math.floor(at / 4 / width)];
      [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
      count += 1;
    }
    const scale = map.clientWidth / map.width;
    return { count, x: ((left + right) / 2) * scale, y: ((top + bottom) / 2) * scale, wide: (right - left) * scale, high: (bottom - top) * scale };
  });

test("two browsers want the same seat", async () => {
  // The halo about what moved stays where nothing is to move.
  const options = { viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" };
  const expected = [refused(409, /\/holds$/), lost(/\/availability\/stream$/)];
  const [one, two] = await Promise.all([0, 1].map(() => visit(browser, shop, { expected, ...options })));
  // The second hears nothing of others, as on a train in a tunnel.
  await two.page.route("**/availability/stream*", (route) => route.abort());
  const wanted = await pointAt(one.page, 3);
  assert.equal(await pointAt(two.page, 3), wanted);
  await one.page.keyboard.press("Enter");
  await inBasket(one.page, 1);
  await two.page.keyboard.press("Enter");
  await two.page.locator(".side").getByText(/taken|instead/i).first().waitFor();
  await inBasket(two.page, 1);
  const [mine, yours] = [await basket(one.page), await basket(two.page)];
  assert.notEqual(mine[0], yours[0], `both were promised ${wanted}`);
  // The map shows what moved. Pressing the lost seat once more is refused here and now, and takes the halo back: the
  // picture differs by it, and by nothing else.
  await still(two.page);
  await keep(two.page);
  await two.page.locator("canvas#map").focus();
  await two.page.keyboard.press("Enter");
  await two.page.locator("#notice").getByText("is in somebody's basket").waitFor();
  await still(two.page);
  const halo = await differs(two.page);
  assert.ok(halo.count > 20, `there is a halo: ${JSON.stringify(halo)}`);
  assert.ok(halo.wide < 120 && halo.high < 120, `about one seat: ${JSON.stringify(halo)}`);
  const map = await two.page.locator("canvas#map").boundingBox();
  await two.page.mouse.move(map.x + halo.x, map.y + halo.y);
  await two.page.locator("#peek", { hasText: "yours" }).waitFor();
  const card = await two.page.locator("#peek").innerText();
  const seat = card.match(/Row \S+, seat \S+/)[0];
  assert.ok(yours[0].toLowerCase().includes(seat.toLowerCase()), `${seat} of the card is the one in the basket: ${yours[0]}`);
  await Promise.all([one.leave(), two.leave()]);
});
