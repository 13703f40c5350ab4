// Scripts off: plain links and plain forms, to the tickets.
import assert from "node:assert/strict";
import { test } from "node:test";
import { visit } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { openSeats, pay, tickets, toCheckout } from "./support/walk.mjs";

evening();

test("buys without JavaScript", async () => {
  const { page, leave } = await visit(browser, shop, { javaScriptEnabled: false });
  await page.goto("/");
  await page.locator(`a[href='/events/${event.slug}']`).first().click();
  await page.locator("main a.btn[href$='/seats']").first().click();
  await page.locator(".sections a").first().click();
  const free = page.locator(".seatrow input[type=checkbox]");
  await free.nth(1).waitFor();
  assert.ok((await free.count()) > 4, "the open section shows its free seats");
  assert.match(await page.locator(".seatset > .num").first().innerText(), /^€\d+\.\d\d$/, "what they cost stands before them");
  await free.nth(0).check();
  await free.nth(1).check();
  await page.getByRole("button", { name: "Hold these seats" }).click();
  await page.locator("li.item").nth(1).waitFor();
  assert.equal(await page.locator("li.item").count(), 2, "both seats are in the basket");
  // No script counts: the minutes are soon too many.
  const until = () => page.locator(".clock").innerText();
  assert.match(await until(), /Held for you until \d\d:\d\d, \w+ time/);
  const more = page.getByRole("button", { name: "Give me ten more minutes" });
  await Promise.all([page.waitForEvent("load"), more.click()]);
  assert.equal(await more.count(), 0, "a hold is extended once");
  await toCheckout(page);
  assert.match(await until(), /Held for you until \d\d:\d\d, \w+ time/);
  await pay(page);
  await tickets(page, 2);
  await leave();
});

test("the open section is looked at again by its own link without JavaScript", async () => {
  const [waiting, rival] = [await visit(browser, shop, { javaScriptEnabled: false }), await visit(browser, shop, { javaScriptEnabled: false })];
  for (const { page } of [waiting, rival]) {
    await page.goto(`/events/${event.slug}/seats`);
    await page.locator(".sections a").last().click();
  }
  const seat = rival.page.locator(".seatrow input[type=checkbox]").first();
  const value = await seat.getAttribute("value");
  await seat.check();
  await rival.page.getByRole("button", { name: "Hold these seats" }).click();
  await rival.page.locator("li.item").waitFor();
  const there = waiting.page.locator(`.seatrow input[value='${value}']`);
  assert.equal(await there.count(), 1, "the page is as it was");
  // Who looks again at once may be a moment too early.
  for (let looks = 0; looks < 20 && (looks < 2 || (await there.count()) > 0); looks += 1) {
    await Promise.all([waiting.page.waitForEvent("load"), waiting.page.getByRole("link", { name: "look again" }).click()]);
  }
  assert.equal(await there.count(), 0, "the seat that somebody took is free no more");
  await Promise.all([waiting.leave(), rival.leave()]);
});

test("the best two are one press away without JavaScript", async () => {
  const { page, leave } = await visit(browser, shop, { javaScriptEnabled: false });
  await page.goto(`/events/${event.slug}`);
  await page.getByRole("button", { name: "2 best seats together" }).click();
  await page.locator("li.item").nth(1).waitFor();
  assert.equal(await page.locator("li.item").count(), 2);
  await Promise.all([page.waitForEvent("load"), page.getByRole("button", { name: "Let them go" }).click()]);
  assert.equal(await page.locator("li.item").count(), 0, "what is let go is gone");
  await leave();
});

/** What a list says and shows of the open section's free step-free places: their seats' ids, names, and whether the sign is drawn. */
const easy = (page, rows) =>
  page.locator(`${rows} .seat.easy:not(.taken)`).evaluateAll((seats) =>
    seats.map((seat) => {
      const named = seat.querySelector("input") ?? seat;
      const sign = seat.querySelector(".sign svg")?.getBoundingClientRect();
      const number = document.createRange();
      number.selectNodeContents([...seat.childNodes].find((node) => node.textContent.trim() && !node.classList?.contains("sign")));
      return {
        id: Number(named.value || named.id.slice(1)),
        name: named.getAttribute("aria-label"),
        drawn: sign?.width >= 14 && sign.right <= number.getBoundingClientRect().left,
      };
    }),
  );

test("step-free and companions' places carry their sign in both lists", async () => {
  const [plain, live] = [await visit(browser, shop, { javaScriptEnabled: false }), await visit(browser, shop)];
  await plain.page.goto(`/events/${event.slug}/seats`);
  const sections = await plain.page.locator(".sections a").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
  await openSeats(live.page, event);
  await live.page.getByRole("tab", { name: "List" }).click();
  const told = [];
  for (const [nth, section] of sections.entries()) {
    await plain.page.goto(section);
    await live.page.locator("#live-sections button").nth(nth).click();
    await live.page.locator(`#c${nth}[aria-expanded=true]`).waitFor();
    await live.page.locator("#live-rows h2", { hasText: await plain.page.locator("#rows h2").innerText() }).waitFor();
    const [without, with_] = [await easy(plain.page, "#rows"), await easy(live.page, "#live-rows")];
    assert.deepEqual(with_, without, "both lists say the same");
    told.push(...without);
  }
  assert.ok(told.some(({ name }) => name.includes("step-free")), "there are step-free places");
  assert.ok(told.some(({ name }) => name.includes("companion's place")), "and places beside them");
  for (const { name, drawn } of told) assert.ok(drawn && /step-free|companion's place/.test(name), `${name} carries its sign beside its number`);
  await Promise.all([plain.leave(), live.leave()]);
});
