// Keeps the parts of this page that are marked `data-live` fresh: asks for the page again, which answers "nothing new" in
// a few bytes, when the stream says that counts changed, or else now and then. Nobody who looks elsewhere asks at all.
(() => {
  const { stream } = document.currentScript.dataset;
  const EVERY = 20_000;
  let source, due, last = Date.now();

  const marked = (page) => new Map([...page.querySelectorAll("[data-live]")].map((part) => [part.dataset.live, part]));
  const seen = () => document.visibilityState === "visible";

  async function refresh() {
    due = clearTimeout(due);
    last = Date.now();
    if (seen()) listen();
    try {
      const answer = await fetch(location.href, { cache: "no-cache" });
      if (!answer.ok) return;
      const fresh = marked(new DOMParser().parseFromString(await answer.text(), "text/html"));
      // What lies within others first: these are alike then, and whoever is on a button of theirs stays there.
      for (const [name, part] of [...marked(document)].reverse()) {
        const now = fresh.get(name);
        if (now && now.innerHTML !== part.innerHTML) part.innerHTML = now.innerHTML;
      }
    } catch {
      // No network: the page stays as it is, and asks again later.
    }
  }

  // Up to twice the time, so that not everybody asks at once.
  const soon = (wait) => (due ??= setTimeout(refresh, wait * (1 + Math.random())));

  // One that was refused is closed for good, and asked for again with the next look.
  function listen() {
    if (!stream || (source && source.readyState !== EventSource.CLOSED)) return;
    source = new EventSource(stream);
    source.addEventListener("left", () => soon(2_000));
  }

  function look() {
    if (!seen()) {
      source = source?.close();
      return;
    }
    listen();
    if (Date.now() - last > EVERY) soon(0);
  }

  document.addEventListener("visibilitychange", look);
  setInterval(() => seen() && Date.now() - last > EVERY && soon(1_000), EVERY / 2);
  look();
})();
