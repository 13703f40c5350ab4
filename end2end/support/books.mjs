// What a promoter's tool writes into the shop's books: one sentence of SQL over the socket of the PostgreSQL that the shop
// brought along, by the protocol's simple query.
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";

/** A message: its letter (none for the first), its length, its words, each ended by a zero. */
function message(letter, head, ...words) {
  const body = Buffer.concat([head, ...words.map((word) => Buffer.from(`${word}\0`))]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(letter), length, body]);
}

/** Runs `sql` in the books of a shop. */
export function write(shop, sql) {
  const [, , , port, folder] = readFileSync(join(shop.data, "postgres-18/postmaster.pid"), "utf8").split("\n");
  const socket = connect(join(folder, `.s.PGSQL.${port}`));
  const told = new Promise((done, failed) => {
    let [heard, asked] = [Buffer.alloc(0), false];
    socket.on("error", failed);
    socket.on("close", () => failed(new Error("PostgreSQL hung up")));
    // Version 3 of the protocol.
    socket.on("connect", () => socket.write(message("", Buffer.from([0, 3, 0, 0]), "user", "postgres", "database", "postgres", "")));
    socket.on("data", (bytes) => {
      heard = Buffer.concat([heard, bytes]);
      while (heard.length >= 5 && heard.length > heard.readUInt32BE(1)) {
        const [letter, end] = [String.fromCharCode(heard[0]), heard.readUInt32BE(1) + 1];
        if (letter === "E") failed(new Error(heard.subarray(5, end).toString().replaceAll("\0", " ")));
        heard = heard.subarray(end);
        if (letter !== "Z") continue;
        if (asked) done();
        else socket.write(message("Q", Buffer.alloc(0), sql));
        asked = true;
      }
    });
  });
  return told.finally(() => socket.end());
}

/** Nobody can buy these seats of the event any more. */
export async function kill(shop, event, seats) {
  const rows = seats.map((seat) => `('${event.id}'::uuid, ${Number(seat)}, 'a camera stands there')`);
  await write(shop, `INSERT INTO seat_kills (event_id, seat, reason) VALUES ${rows.join(", ")}`);
}
