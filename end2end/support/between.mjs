// Whoever stands between a browser and the shop: takes cookies out of the answers, as if it kept fewer than others, or answers
// in the shop's place while that is away, as balancers do.
import { createServer, request } from "node:http";

/**
 * Passes everything on to the shop, but of its cookies only those that `keeps` says yes to. Ends with an address, a way to close
 * it, and `away`: while that is true nobody is asked, and the answer is 502.
 */
export async function between(shop, keeps = () => true) {
  const { hostname, port } = new URL(shop.base);
  const server = createServer((asked, answer) => {
    if (here.away) return answer.writeHead(502).end();
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
  const here = { base: `http://127.0.0.1:${server.address().port}`, close, away: false };
  return here;
}
