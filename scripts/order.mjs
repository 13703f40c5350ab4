// The order of a module's functions. Nothing that runs depends on it, but brotli finds again best what it saw just before:
// each function is followed by the one that is most like it.
import { readFileSync, writeFileSync } from "node:fs";

const IMPORTS = 2;
const CODE = 10;
/** Bytes of code that are compared at once: two or three instructions. */
const PIECE = 4;

/**
 * Writes to `named` the module at `path` with names for its functions that stand in the order they should have:
 * `wasm-opt --reorder-functions-by-name` does the rest.
 */
export function nameInOrder(path, named) {
  const bytes = readFileSync(path);
  const { imported, bodies, kept } = read(bytes);
  const names = chain(bodies.map(pieces)).map((body, place) => [imported + body, `f${String(place).padStart(6, "0")}`]);
  names.sort((a, b) => a[0] - b[0]);
  const map = [...leb(names.length), ...names.flatMap(([index, name]) => [...leb(index), ...text(name)])];
  // The name section's part 1 holds the functions' names.
  const section = [...text("name"), 1, ...leb(map.length), ...map];
  writeFileSync(named, Buffer.concat([...kept, Buffer.from([0, ...leb(section.length), ...section])]));
}

/** How many functions are imported, the others' bodies, and every part of the module but its names. */
function read(bytes) {
  let at = 8;
  const number = () => {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
  };
  const skip = (length) => bytes.subarray(at, (at += length));
  const limits = () => {
    const flags = number();
    number();
    if (flags & 1) number();
  };
  const found = { imported: 0, bodies: [], kept: [bytes.subarray(0, at)] };
  while (at < bytes.length) {
    const start = at;
    const id = bytes[at++];
    const end = number() + at;
    if (id === IMPORTS) {
      for (let left = number(); left > 0; left--) {
        skip(number());
        skip(number());
        const kind = bytes[at++];
        // A function, a table, a memory, a global.
        if (kind === 0) found.imported += number() >= 0 ? 1 : 0;
        else if (kind === 1) skip(1), limits();
        else if (kind === 2) limits();
        else skip(2);
      }
    } else if (id === CODE) {
      for (let left = number(); left > 0; left--) found.bodies.push(skip(number()));
    }
    at = end;
    const isNames = id === 0 && bytes.subarray(start, Math.min(end, start + 12)).includes("\x04name");
    if (!isNames) found.kept.push(bytes.subarray(start, end));
  }
  return found;
}

/** Every run of so many bytes that occurs in a body, as a number. */
function pieces(body) {
  const found = new Set();
  for (let at = 0; at + PIECE <= body.length; at++) found.add(body.readInt32LE(at));
  return found;
}

/** The order: it begins with the largest, and each is followed by the most alike of those that are left. */
function chain(sets) {
  const left = new Set(sets.keys());
  const order = [];
  for (let next = sets.reduce((most, set, at) => (set.size > sets[most].size ? at : most), 0); next !== undefined; ) {
    order.push(next);
    left.delete(next);
    const last = sets[next];
    next = undefined;
    let most = -1;
    for (const other of left) {
      const alike = likeness(last, sets[other]);
      if (alike > most) [most, next] = [alike, other];
    }
  }
  return order;
}

/** The share of what two sets have in common: 0 to 1. */
function likeness(a, b) {
  const [few, many] = a.size < b.size ? [a, b] : [b, a];
  let common = 0;
  for (const piece of few) if (many.has(piece)) common++;
  return common / (a.size + b.size - common + 1);
}

function leb(number) {
  const bytes = [];
  for (; number > 127; number >>>= 7) bytes.push((number & 127) | 128);
  return [...bytes, number];
}

function text(words) {
  return [...leb(words.length), ...Buffer.from(words)];
}
