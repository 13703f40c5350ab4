// A browser that keeps fewer cookies than others: whoever stands between takes them out of the answers.
import { createServer, request } from "node:http";

/** Passes everything on to the shop, but of its cookies only those that `keeps` says yes to. Ends with an address and a way to close it. */
export async function between(shop, keeps) {
  const { hostname, port } = new URL(shop.base);
  const server = createServer((asked, answer) => {
    const { method, url: path, headers } = asked;
    const onward = request({ hostname, port, method, path, headers }, (told) => {
      const cookies = (told.headers["set-cookie"] ?? []).filter(keeps);
      answer.writeHead(told.statusCode, { ...told.headers, "set-cookie": cookies });
      answer.flushHeaders();
      told.pipe(answer);
    });
    onward.on("error", () => answer.destroy());
    answer.on("close", () => onward.destroy());
    asked.pipe(onward);
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const close = () => {
    server.closeAllConnections();
    return new Promise((closed) => server.close(closed));
  };
  return { base: `http://127.0.0.1:${server.address().port}`, close };
}
