// A scanner at the door, as far as reading goes.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const reader = readFileSync(createRequire(import.meta.url).resolve("jsqr"), "utf8");

/** Reads the code in a picture (PNG, base64) as a scanner does. */
export async function scan(browser, picture) {
  const page = await browser.newPage();
  await page.addScriptTag({ content: reader });
  const token = await page.evaluate(async (picture) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${picture}`)).blob());
    const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    return window.jsQR(data, image.width, image.height)?.data;
  }, picture);
  await page.close();
  assert.ok(token, "the code can be read");
  return token;
}

