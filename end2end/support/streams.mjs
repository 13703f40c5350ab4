// Streams in the test's hand.

/** Streams that say what the test says, in place of the browser's. Runs in the page. */
export function silent() {
  window.streams = [];
  window.EventSource = class extends EventTarget {
    readyState = 0;
    constructor(url) {
      super();
      this.url = url;
      window.streams.push(this);
    }
    close() {
      this.readyState = 2;
    }
  };
}

/** A way to let the newest stream of a page say something. */
export const telling = (page) => (type, id = "", data = "") =>
  page.evaluate(([type, lastEventId, data]) => window.streams.at(-1).dispatchEvent(new MessageEvent(type, { lastEventId, data })), [type, id, data]);
