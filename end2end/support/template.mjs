// Opens a shop for the first time and closes it again. What it leaves in the folder that is named is what the shops of the
// specs begin with: `node support/template.mjs FOLDER`, and then PARTERRE_TEMPLATE=FOLDER.
import { cp } from "node:fs/promises";
import { open } from "./server.mjs";

const shop = await open(undefined, { fresh: true });
await shop.halt();
await cp(shop.data, process.argv[2], { recursive: true });
await shop.close();
