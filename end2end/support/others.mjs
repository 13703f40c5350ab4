// Another buyer, by the API.
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { PATIENCE } from "./browser.mjs";

/** As `fetch`; a house that says that it is busy, as one does that stood still for a moment, is asked again. */
export async function asked(address, options) {
  for (const end = performance.now() + PATIENCE; ; ) {
    const answer = await fetch(address, options);
    if (answer.status !== 503 || performance.now() > end) return answer;
    await pause(250);
  }
}

/** Asks for a hold; ends with its status and what was said. */
export async function ask(shop, event, wish) {
  const headers = { "content-type": "application/json", "idempotency-key": crypto.randomUUID() };
  const answer = await asked(`${shop.base}/api/v1/events/${event.slug}/holds`, { method: "POST", headers, body: JSON.stringify(wish) });
  return { status: answer.status, hold: await answer.json() };
}

/** Holds; ends with the hold. */
export async function hold(shop, event, wish) {
  const { status, hold } = await ask(shop, event, wish);
  assert.equal(status, 201, JSON.stringify(hold));
  return hold;
}

/** Lets go of what `hold` held. */
export async function letGo(shop, { id, token }) {
  const answer = await asked(`${shop.base}/api/v1/holds/${id}`, { method: "DELETE", headers: { authorization: `Bearer ${token}` } });
  // A house that was busy may have let go all the same.
  assert.ok(answer.ok || answer.status === 410, `${answer.status}`);
}
