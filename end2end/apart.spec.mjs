// Too few seats side by side: what is offered instead is one press away, with scripts and without.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lost, refused, visit, words } from "./support/browser.mjs";
import { browser, evening, event, shop } from "./support/evening.mjs";
import { hold } from "./support/others.mjs";
import { awake, holdBest, openSeats } from "./support/walk.mjs";

evening({ PARTERRE_HOLDS_PER_ADDRESS: "1000" });

/** Which seats of a run of `length` leave no four side by side and nobody alone. */
function taken(length) {
  const out = [];
  for (let from = 0; length - from > 3; ) {
    const left = length - from;
    from += left % 4 === 1 && left < 9 ? 2 : 3;
    out.push(from++);
  }
  return out;
}

/** Others hold one seat in four, all over the house. */
async function crowd() {
  const { page, leave } = await visit(browser, shop, { javaScriptEnabled: false });
  await page.goto(`/events/${event.slug}/seats`);
  const seats = [];
  for (const href of await page.locator(".sections a").evaluateAll((links) => links.map((link) => link.getAttribute("href")))) {
    await page.goto(href);
    const runs = await page.locator(".seatset").evaluateAll((rows) =>
      rows.flatMap((row) => {
        const runs = [[]];
        for (const part of row.children) {
          const seat = part.querySelector("input");
          if (seat) runs.at(-1).push(Number(seat.value));
          else if (!part.matches(".num")) runs.push([]);
        }
        return runs;
      }),
    );
    for (const run of runs) seats.push(...taken(run.length).map((at) => run[at]));
  }
  await leave();
  for (let from = 0; from < seats.length; from += 10) {
    await hold(shop, event, { seats: seats.slice(from, from + 10) });
  }
}

let there;

for (const javaScriptEnabled of [true, false]) {
  test(`four who cannot sit side by side take what is offered${javaScriptEnabled ? "" : " without JavaScript"}`, async () => {
    await (there ??= crowd());
    const { page, leave } = await visit(browser, shop, { javaScriptEnabled, expected: [refused(409, /\/holds$/)] });
    if (javaScriptEnabled) await openSeats(page, event);
    else await page.goto(`/events/${event.slug}/seats`);
    if (javaScriptEnabled) for (let i = 0; i < 2; i++) await page.getByRole("button", { name: "More seats" }).click();
    else await page.getByLabel("How many seats?").fill("4");
    await page.locator("#best").click();
    const notice = page.locator("#notice");
    assert.match(await notice.locator(".notice").innerText(), /not side by side/);
    await notice.getByRole("button", { name: "Take these 4 seats" }).focus();
    await page.keyboard.press("Enter");
    await page.locator("li.item").nth(3).waitFor();
    if (javaScriptEnabled) assert.equal(await page.evaluate(() => document.activeElement.id), "basket", "the cursor is where the seats are");
    assert.equal(await page.locator("li.item").count(), 4, "all four are in the basket");
    assert.equal(await notice.getByRole("button").count(), 0, "nothing is offered any more");
    await page.getByRole("button", { name: "Let them go" }).click();
    await page.locator("li.item").first().waitFor({ state: "detached" });
    await leave();
  });
}

test("what the server offered is taken by a page that woke up since", async () => {
  await (there ??= crowd());
  const { page, leave } = await visit(browser, shop, { expected: [lost(/\.js$/), words(/runs without scripts/), words(/^Loading the script '[^']*parterre\.js' violates/)] });
  await page.route("**/*.js", (route) => route.abort());
  await page.goto(`/events/${event.slug}/seats`);
  await page.waitForSelector("html.still", { state: "attached" });
  await page.getByLabel("How many seats?").fill("4");
  await page.unroute("**/*.js");
  await page.locator("#best").click();
  await awake(page);
  await page.locator("#notice").getByRole("button", { name: "Take these 4 seats" }).click();
  await page.locator("li.item").nth(3).waitFor();
  await page.getByRole("button", { name: "Let them go" }).click();
  await page.locator("li.item").first().waitFor({ state: "detached" });
  await leave();
});

test("an offer whose answer is lost can be pressed again", async () => {
  await (there ??= crowd());
  const { page, leave } = await visit(browser, shop, { expected: [refused(409, /\/holds$/), lost(/\/holds$/)] });
  await openSeats(page, event);
  for (let i = 0; i < 2; i++) await page.getByRole("button", { name: "More seats" }).click();
  await page.locator("#best").click();
  const offer = page.locator("#notice").getByRole("button", { name: "Take these 4 seats" });
  await offer.waitFor();
  await page.route("**/holds", (route) => route.abort());
  await offer.click();
  await page.locator("#notice").getByText("We could not reach Parterre").waitFor();
  await page.unroute("**/holds");
  await offer.click();
  await page.locator("li.item").nth(3).waitFor();
  await page.getByRole("button", { name: "Let them go" }).click();
  await page.locator("li.item").first().waitFor({ state: "detached" });
  await leave();
});

test("a wish that cannot be met is shown beside its refusal", async () => {
  const { page, leave } = await visit(browser, shop, { expected: [refused(409, /\/holds$/), refused(404, /\/holds$/)] });
  await openSeats(page, event);
  const wishes = page.locator("#wishes");
  await page.getByText("More wishes").click();
  const cheapest = await page.locator("#upto option").nth(1).getAttribute("value");
  await page.locator("#upto").selectOption(cheapest);
  await page.getByText("More wishes").click();
  assert.equal(await wishes.getAttribute("open"), null);
  // The dearest places alone, at the lowest price.
  await page.locator(".filters .chip:has(.dot)").first().click();
  await page.locator("#best").click();
  await page.locator("#notice .notice").waitFor();
  assert.notEqual(await wishes.getAttribute("open"), null, "what stands in the way is to be seen");
  await leave();
});

test("a lower price is a wish of its own", async () => {
  const { page, leave } = await visit(browser, shop);
  await openSeats(page, event);
  await page.getByText("More wishes").click();
  const second = page.locator("#least option").nth(2);
  for (const id of ["#least", "#upto"]) await page.locator(id).selectOption(await second.getAttribute("value"));
  await holdBest(page, 2);
  const price = (await second.textContent()).replace("from ", "");
  assert.deepEqual(await page.locator("li.item b.num").allInnerTexts(), [price, price]);
  await page.getByRole("button", { name: "Let them go" }).click();
  await leave();
});

test("price chips stand in the order of their prices", async () => {
  const { page, leave } = await visit(browser, shop);
  for (const { slug, chart } of (await shop.events()).all) {
    if (!chart) continue;
    await page.goto(`/events/${slug}/seats`);
    const prices = (await page.locator(".filters .chip:has(.dot)").allInnerTexts()).map((words) => Number(words.replace(/[^\d.]/g, "")));
    assert.deepEqual(prices, prices.toSorted((a, b) => b - a), slug);
  }
  await leave();
});

test("a price and an accessible place can be wished for without JavaScript", async () => {
  const { page, leave } = await visit(browser, shop, { javaScriptEnabled: false });
  await page.goto(`/events/${event.slug}/seats`);
  const easy = [];
  for (const href of await page.locator(".sections a").evaluateAll((links) => links.map((link) => link.getAttribute("href")))) {
    await page.goto(href);
    easy.push(...(await page.locator(".seat.easy input").evaluateAll((fields) => fields.map((field) => field.value))));
  }
  assert.ok(easy.length > 2, "there are places without steps");
  await page.goto(`/events/${event.slug}/seats`);
  await page.getByText("More wishes").click();
  const [least, most] = [page.getByLabel("A seat costs at least"), page.getByLabel("A seat costs at most")];
  const cheapest = most.locator("option").nth(1);
  await most.selectOption(await cheapest.getAttribute("value"));
  await page.locator("#best").click();
  const price = (await cheapest.textContent()).replace("up to ", "");
  await page.locator("li.item").nth(1).waitFor();
  assert.deepEqual(await page.locator("li.item b.num").allInnerTexts(), [price, price], "both cost what was wished for");
  await page.getByRole("button", { name: "Let them go" }).click();
  await page.getByText("More wishes").click();
  const second = least.locator("option").nth(2);
  await least.selectOption(await second.getAttribute("value"));
  await most.selectOption(await second.getAttribute("value"));
  await page.locator("#best").click();
  const between = (await second.textContent()).replace("from ", "");
  await page.locator("li.item").nth(1).waitFor();
  assert.deepEqual(await page.locator("li.item b.num").allInnerTexts(), [between, between], "both cost what lies between the bounds");
  await page.getByRole("button", { name: "Let them go" }).click();
  await page.getByText("More wishes").click();
  await page.getByLabel("An accessible place").check();
  await page.locator("#best").click();
  await page.locator("li.item").nth(1).waitFor();
  const held = await page.locator("li.item [name=seat]").evaluateAll((fields) => fields.map((field) => field.value));
  assert.ok(held.some((seat) => easy.includes(seat)), `one of ${held} is accessible`);
  await leave();
});
