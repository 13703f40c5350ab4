// Serves the page, the compiled map and the libraries compared with it, from memory, on a free port of this machine.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const types = { ".html": "text/html", ".mjs": "text/javascript", ".js": "text/javascript", ".wasm": "application/wasm" };

/** `wasm`: the folder with the compiled map. `extra`: further files by path. */
export async function serve(wasm, extra = {}) {
  const files = new Map();
  const read = (path) => {
    if (extra[path]) return extra[path];
    if (!files.has(path)) {
      const file = path.startsWith("/wasm/")
        ? join(wasm, path.slice(6))
        : path.startsWith("/lib/")
          ? join(here, "node_modules", path.slice(5))
          : join(here, path === "/" ? "index.html" : path);
      files.set(path, readFileSync(file));
    }
    return files.get(path);
  };
  const server = createServer((request, response) => {
    const path = new URL(request.url, "http://localhost").pathname;
    try {
      if (path.includes("..")) throw new Error("outside");
      const body = read(path);
      const type = types[path === "/" ? ".html" : extname(path)] ?? "application/octet-stream";
      response.writeHead(200, { "content-type": type, "cache-control": "no-store" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}
