// Keeps the tickets that were opened on this device, so that they open again at a door without a network. The same file is
// the page's part and the worker's: one address, under which both may see tickets and nothing else.
const SHELF = "tickets";
// A ticket may have become void: what the browser itself keeps is not asked.
const FRESH = { cache: "no-cache", redirect: "manual" };
// The oldest make room: pages, and what they are drawn with.
const MOST = 80;

if (globalThis.document) keep(document.currentScript.src);
else {
  addEventListener("install", () => skipWaiting());
  addEventListener("activate", (event) => event.waitUntil(clients.claim()));
  addEventListener("fetch", (event) => {
    if (event.request.method === "GET") event.respondWith(answer(event.request));
  });
}

/** Keeps this ticket, those of the same order, and what they are drawn with. */
async function keep(worker) {
  try {
    await navigator.serviceWorker.register(worker);
    const shelf = await caches.open(SHELF);
    const drawn = document.querySelectorAll("link:is([rel=stylesheet],[rel=preload],[rel=icon])");
    await shelf.addAll([worker, ...[...drawn].map(({ href }) => href)]);
    const known = new Set();
    const wanted = [location.pathname];
    for (let path; (path = wanted.pop()); ) {
      if (known.has(path)) continue;
      known.add(path);
      const page = await fetch(path, FRESH);
      if (!page.ok) continue;
      await shelf.put(path, page.clone());
      const others = new DOMParser().parseFromString(await page.text(), "text/html").querySelectorAll(".more a");
      wanted.push(...[...others].map((link) => link.getAttribute("href")));
    }
    const all = await shelf.keys();
    for (const old of all.slice(0, -MOST)) await shelf.delete(old);
    document.documentElement.dataset.kept = known.size;
  } catch {
    // An old browser, a full disk, no network: the page is here, and the PDF can be saved.
  }
}

/** What the shop answers; what was kept, where it answers nothing within a few seconds, or that it is in trouble. */
async function answer(request) {
  const kept = await (await caches.open(SHELF)).match(request, { ignoreVary: true });
  if (!kept) return fetch(request);
  const late = new Promise((then) => setTimeout(then, 4_000, kept));
  const fresh = request.mode === "navigate" ? fetch(request.url, FRESH) : fetch(request);
  const asked = fresh.then((page) => (page.status < 500 ? page : kept), () => kept);
  return Promise.race([asked, late]);
}
