// Makes the files that browsers fetch out of the compiled client (first argument: its folder) and of public/.
//
// dist/assets/HASH/ is named by the hash of its final contents, so it can be kept for a year; every file that
// shrinks has a .br and a .gz twin. dist/manifest.json tells the server the folder's address and the files' names.
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { build } from "esbuild";
import { shorten } from "./glue.mjs";
import { shrink } from "./shrink.mjs";

const root = new URL("..", import.meta.url).pathname;
const compiled = process.argv[2];
const dist = process.argv[3] ?? join(root, "dist");
const draft = join(dist, ".new");
const js = "parterre.js";
const wasm = "parterre.wasm";
const css = "parterre.css";

rmSync(draft, { recursive: true, force: true });
mkdirSync(draft, { recursive: true });
if (existsSync(join(root, "public"))) cpSync(join(root, "public"), draft, { recursive: true });

// The features that the build turned on are read from the module itself. Never `-all`: browsers refuse the result.
const optimised = join(compiled, "optimised.wasm");
const plain = join(compiled, "parterre_frontend_bg.wasm");
const newest = Math.max(...[plain, ...["shrink", "order"].map((name) => join(root, `scripts/${name}.mjs`))].map((path) => statSync(path).mtimeMs));
if (!existsSync(optimised) || statSync(optimised).mtimeMs < newest) shrink(plain, optimised);
const glue = join(compiled, "glue.js");
shorten({ wasm: optimised, js: join(compiled, "parterre_frontend.js"), shortWasm: join(draft, wasm), shortJs: glue });

await build({
  entryPoints: [join(root, "frontend/loader.js")],
  outfile: join(draft, js),
  alias: { "parterre-client": glue },
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "none",
  logLevel: "warning",
});
for (const sheet of [css, "pages.css"].map((name) => join(draft, name)).filter(existsSync)) {
  const options = { entryPoints: [sheet], outfile: sheet, allowOverwrite: true };
  // Addresses in the sheet are beside it already.
  await build({ ...options, bundle: true, external: ["*"], minify: true, target: "es2022", logLevel: "warning" });
}

const files = readdirSync(draft, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => relative(draft, join(entry.parentPath ?? entry.path, entry.name)))
  .sort();
const hash = createHash("sha256");
for (const file of files) hash.update(`${file}\0`).update(readFileSync(join(draft, file)));
const name = hash.digest("hex").slice(0, 16);

await Promise.all(files.map(twins));
const folder = join(dist, "assets", name);
rmSync(folder, { recursive: true, force: true });
mkdirSync(join(dist, "assets"), { recursive: true });
renameSync(draft, folder);
const manifest = { base: `/assets/${name}/`, js, wasm, css };
writeFileSync(join(dist, "manifest.json.new"), `${JSON.stringify(manifest)}\n`);
renameSync(join(dist, "manifest.json.new"), join(dist, "manifest.json"));
forget();

/** Writes the compressed twins of a file, where they are smaller. */
async function twins(file) {
  const path = join(draft, file);
  const bytes = readFileSync(path);
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } };
  const [br, gz] = await Promise.all([promisify(brotliCompress)(bytes, quality), promisify(gzip)(bytes, { level: 9 })]);
  if (br.length < bytes.length * 0.95) writeFileSync(`${path}.br`, br);
  if (gz.length < bytes.length * 0.95) writeFileSync(`${path}.gz`, gz);
}

/** Removes older folders but the last one, which a server that still runs may be serving. */
function forget() {
  const folders = readdirSync(join(dist, "assets"))
    .map((entry) => ({ entry, at: statSync(join(dist, "assets", entry)).mtimeMs }))
    .filter(({ entry }) => entry !== name)
    .sort((a, b) => b.at - a.at);
  for (const { entry } of folders.slice(1)) rmSync(join(dist, "assets", entry), { recursive: true, force: true });
}
