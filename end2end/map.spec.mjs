// The map under the hand: every way to move it moves it, "Whole house" brings it back, and chips show what they say.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PATIENCE, PHONE, visit } from "./support/browser.mjs";
import { coloured } from "./support/colours.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { noteToldAgain, watch } from "./support/steady.mjs";
import { awake, holdBest, moved, openSeats, still } from "./support/walk.mjs";

evening();

/** Opens the map, and remembers what the whole house looks like. */
async function openMap(options) {
  const visitor = await visit(browser, shop, options);
  await openSeats(visitor.page, event);
  return { ...visitor, whole: await still(visitor.page) };
}

/** Does it, sees that the picture differs, and goes back to the whole house. */
async function moves(page, whole, name, act) {
  await act();
  assert.notEqual(await moved(page, whole), whole, `${name} moves the map`);
  await page.getByRole("button", { name: "Whole house" }).click();
  assert.equal(await still(page), whole, `after ${name} the whole house comes back`);
}

test("the map moves by buttons, wheel, drag and keys", async () => {
  const { page, whole, leave } = await openMap({ viewport: { width: 1280, height: 800 } });
  const map = await page.locator("canvas#map").boundingBox();
  const [x, y] = [map.x + map.width / 2, map.y + map.height / 2];
  await moves(page, whole, "the plus button", () => page.getByRole("button", { name: "Zoom in" }).click());
  await moves(page, whole, "the wheel", async () => {
    await page.mouse.move(x, y);
    await page.mouse.wheel(0, -400);
  });
  await moves(page, whole, "the wheel the other way", async () => {
    await page.mouse.move(x, y);
    await page.mouse.wheel(0, -300);
    const near = await moved(page, whole);
    await page.mouse.wheel(0, 100);
    assert.notEqual(await moved(page, near), near, "it goes away again");
  });
  await moves(page, whole, "a drag", async () => {
    await page.getByRole("button", { name: "Zoom in" }).click();
    await still(page);
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + 120, y + 60, { steps: 6 });
    await page.mouse.up();
    assert.equal(await page.locator("aside.side li.item").count(), 0, "a drag takes no seat");
  });
  await moves(page, whole, "a key", async () => {
    await page.locator("canvas#map").focus();
    await page.keyboard.press("+");
    await page.locator("canvas#map").blur();
  });
  await leave();
});

test("the map moves by pinch and double tap", async () => {
  const { page, context, whole, leave } = await openMap(PHONE);
  const session = await context.newCDPSession(page);
  const map = await page.locator("canvas#map").boundingBox();
  const [x, y] = [map.x + map.width / 2, map.y + map.height / 2];
  const touch = (type, ...points) => session.send("Input.dispatchTouchEvent", { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
  await moves(page, whole, "a pinch", async () => {
    await touch("touchStart", [x - 20, y], [x + 20, y]);
    for (let wide = 30; wide <= 110; wide += 20) await touch("touchMove", [x - wide, y], [x + wide, y]);
    await touch("touchEnd");
  });
  await moves(page, whole, "a double tap", async () => {
    // Where no seat is: between the stage and the first row nothing can be taken. Two taps are only a double one where the
    // machine does not stand still between them.
    for (let tries = 0, now = whole; tries < 5 && now === whole; tries += 1) {
      if (tries > 0) noteToldAgain("two taps were no double tap");
      const watched = watch(Infinity);
      for (let tap = 0; tap < 2; tap += 1) {
        await touch("touchStart", [map.x + 30, y]);
        await touch("touchEnd");
      }
      // What was taken away is known a moment later.
      await page.waitForTimeout(600);
      const stood = watched.lost();
      watched.end();
      now = await moved(page, whole, 2_000);
      assert.ok(now !== whole || stood >= 100, "two taps are a double one on a machine that runs");
    }
  });
  assert.equal(await page.locator("aside.side li.item").count(), 0, "moving takes no seat");
  await leave();
});

test("chips show one price, one floor, the step-free places, and everything again", async () => {
  const { page, whole, leave } = await openMap({ viewport: { width: 1280, height: 800 } });
  const away = () => page.mouse.move(2, 2);
  const seen = new Set([whole]);
  const chips = page.locator(".filters .chip");
  for (const name of [await chips.nth(1).innerText(), await chips.nth(2).innerText(), "Accessible"]) {
    const chip = page.getByRole("button", { name, exact: true });
    await chip.click();
    await away();
    assert.equal(await chip.getAttribute("aria-pressed"), "true");
    const now = await still(page);
    assert.ok(!seen.has(now), `${name} shows something of its own`);
    seen.add(now);
  }
  await page.getByRole("button", { name: "All prices" }).click();
  await away();
  assert.equal(await still(page), whole);
  await page.getByRole("button", { name: "Circle", exact: true }).click();
  await away();
  assert.notEqual(await still(page), whole);
  await page.getByRole("button", { name: "All floors" }).click();
  await away();
  assert.equal(await still(page), whole);
  await leave();
});

test("a price chip leaves its own zone on the map and fades the others", async () => {
  const { page, leave } = await openMap({ viewport: { width: 1280, height: 800 } });
  const chips = page.locator(".filters .chip:has(.dot)");
  const away = () => page.mouse.move(2, 2);
  const all = await coloured(page);
  assert.ok(all.length >= 3 && all.every((count) => count > 200), `every zone is on the map: ${all}`);
  /** Only this zone is left. */
  const alone = async (zone, how) => {
    const now = await coloured(page);
    now.forEach((count, at) => {
      if (at === zone) assert.ok(count > all[at] * 0.9, `${how} zone ${zone} stays: ${count} of ${all[at]}`);
      else assert.ok(count < all[at] * 0.1, `${how} zone ${zone} fades zone ${at}: ${count} of ${all[at]}`);
    });
  };
  for (let zone = 0; zone < all.length; zone += 1) {
    await chips.nth(zone).hover();
    await alone(zone, "pointing at");
    await chips.nth(zone).click();
    await away();
    await alone(zone, "pressing");
    await chips.nth(zone).click();
    await away();
    assert.deepEqual(await coloured(page), all, "pressed again, the whole house is back");
  }
  await chips.nth(0).focus();
  await alone(0, "the focus on");
  await leave();
});

test("a floor that is chosen comes into view, and all of them together", async () => {
  const { page, whole, leave } = await openMap({ viewport: { width: 1280, height: 800 } });
  const chip = async (name) => {
    await page.getByRole("button", { name, exact: true }).click();
    await page.mouse.move(2, 2);
  };
  await chip("Circle");
  const circle = await moved(page, whole);
  await chip("Stalls");
  const stalls = await moved(page, circle);
  assert.notEqual(stalls, circle);
  // From wherever one is.
  const map = await page.locator("canvas#map").boundingBox();
  await page.mouse.move(map.x + map.width * 0.3, map.y + map.height * 0.7);
  await page.mouse.wheel(0, -500);
  await moved(page, stalls);
  await chip("Circle");
  assert.equal(await still(page), circle, "the circle is where it was");
  await chip("All floors");
  assert.equal(await still(page), whole);
  await leave();
});

test("from afar the accessible chip marks the sections that have such places", async () => {
  const { page, leave } = await openMap(PHONE);
  /** How many pixels are as dark as ink: letters, and the marks. */
  const ink = async () => {
    await still(page);
    return page.locator("canvas#map").evaluate((map) => {
      const named = document.createElement("canvas").getContext("2d");
      named.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--ink").trim();
      named.fillRect(0, 0, 1, 1);
      const [r, g, b] = named.getImageData(0, 0, 1, 1).data;
      const { data } = map.getContext("2d").getImageData(0, 0, map.width, map.height);
      let count = 0;
      for (let at = 0; at < data.length; at += 4) count += data[at] === r && data[at + 1] === g && data[at + 2] === b;
      return count;
    });
  };
  const before = await ink();
  const chip = page.getByRole("button", { name: "Accessible", exact: true });
  await chip.tap();
  const marked = await ink();
  assert.ok(marked > before + 1_000, `outlined in ink, and not by colour alone: ${marked} pixels of it, before ${before}`);
  await chip.tap();
  assert.equal(await ink(), before);
  await leave();
});

test("a seat's card says section, row, seat, price and whose it is", async () => {
  const { page, leave } = await visit(browser, shop, { viewport: { width: 1280, height: 800 } });
  await openSeats(page, event);
  await holdBest(page, 1);
  await still(page);
  await page.locator("canvas#map").focus();
  await page.keyboard.press("ArrowRight");
  await page.locator("#peek").waitFor();
  const card = await page.locator("#peek").innerText();
  assert.match(card, /Row \S+, seat \S+/);
  assert.match(card, /€\d+\.\d\d/);
  assert.match(await page.locator("#said").innerText(), /Row \S+, seat \S+, €\d+\.\d\d, \S/, "the card is read aloud");
  await leave();
});

test("nothing of the house begins beneath the chips or the legend", async () => {
  const { large, all } = await shop.events();
  const { page, leave } = await visit(browser, shop);
  for (const [width, height] of [[390, 844], [640, 400], [768, 1024], [1100, 800], [1440, 900]]) {
    await page.setViewportSize({ width, height });
    for (const { slug } of [event, large, all.find(({ chart, tiers }) => chart && tiers.some(({ category }) => category === null))]) {
      await openSeats(page, { slug });
      await still(page);
      const covered = await page.locator("canvas#map").evaluate((map) => {
        const scale = map.height / map.clientHeight;
        const [chips, legend] = ["filters", "legend"].map((id) => document.getElementById(id).getBoundingClientRect());
        const { top } = map.getBoundingClientRect();
        const [above, below] = [Math.floor((chips.bottom - top) * scale), legend.height ? Math.ceil((legend.top - top) * scale) : map.height];
        const rows = (from, to) => (to > from ? [...map.getContext("2d").getImageData(0, from, map.width, to - from).data] : []);
        const { data: ground } = map.getContext("2d").getImageData(0, 0, 1, 1);
        return [...rows(0, above), ...rows(below, map.height)].filter((part, at) => part !== ground[at % 4]).length;
      });
      assert.equal(covered, 0, `${slug} at ${width}`);
    }
  }
  await leave();
});

test("a phone that is turned, a narrower window and a list that comes first have the map that a fresh page has", async () => {
  const { large } = await shop.events();
  const { page, leave } = await visit(browser, shop, { viewport: { width: 1280, height: 800 } });
  const fresh = new Map();
  const sizes = [[390, 844], [844, 390], [1100, 800], [1440, 900]];
  for (const [width, height] of sizes) {
    await page.setViewportSize({ width, height });
    await openSeats(page, large);
    fresh.set(width, await still(page));
  }
  for (const [width, height] of sizes) {
    await page.setViewportSize({ width, height });
    assert.equal(await moved(page, ""), fresh.get(width), `the page is made ${width} wide`);
  }
  for (const [width, height] of [sizes[0], sizes[3]]) {
    await page.setViewportSize({ width, height });
    // Whoever is quick has the list before the house has come.
    let come;
    const asked = new Promise((is) => (come = is));
    await page.route("**/charts/**", come);
    const loaded = page.goto(`/events/${large.slug}/seats`);
    await awake(page);
    await page.getByRole("tab", { name: "List" }).click();
    await loaded;
    const late = page.waitForTimeout(PATIENCE).then(() => assert.fail("the page never asked for the house"));
    await (await Promise.race([asked, late])).continue();
    await page.locator("#still-list").waitFor({ state: "detached" });
    await page.unroute("**/charts/**");
    await page.getByRole("tab", { name: "Map" }).click();
    assert.equal(await moved(page, ""), fresh.get(width), `the list came first, ${width} wide`);
  }
  await leave();
});

test("the map is drawn anew when it gets dark, and as before when it gets light", async () => {
  const { page, whole, leave } = await openMap({ viewport: { width: 1280, height: 800 } });
  /** The map's corner, where nothing stands, and what the style sheet calls its ground. */
  const ground = () =>
    page.locator("canvas#map").evaluate((map) => {
      const at = map.getContext("2d").getImageData(2, map.height - 3, 1, 1).data;
      const named = document.createElement("canvas").getContext("2d");
      named.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--sunk").trim();
      return { drawn: [...at.slice(0, 3)], named: named.fillStyle, hex: `#${[...at.slice(0, 3)].map((part) => part.toString(16).padStart(2, "0")).join("")}` };
    });
  const light = await ground();
  assert.equal(light.hex, light.named);
  await page.emulateMedia({ colorScheme: "dark" });
  assert.notEqual(await moved(page, whole), whole, "by night it is another picture");
  const dark = await ground();
  assert.equal(dark.hex, dark.named);
  assert.notEqual(dark.hex, light.hex);
  assert.ok((await coloured(page)).every((count) => count > 200), "every zone has its colour of the night");
  await page.emulateMedia({ colorScheme: "light" });
  assert.equal(await moved(page, "").then(() => still(page)), whole, "by day it is what it was");
  await leave();
});
