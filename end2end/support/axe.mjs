// Looks for what shuts people out: WCAG 2.2 AA by axe, and by measuring where axe cannot tell what lies behind words.
import axe from "axe-core";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** What axe says of the page: what is wrong, and what it cannot decide. */
async function run(page) {
  await page.evaluate(axe.source);
  return page.evaluate((tags) => window.axe.run(document, { runOnly: { type: "tag", values: tags } }), RULES);
}

const lines = (found) => found.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.target.join(" ")} ${node.html.slice(0, 160)}`));

/** Every violation on the page as one line; empty where there is none. */
export async function violations(page) {
  return lines((await run(page)).violations);
}

/**
 * The same, and what axe leaves open: single letters, words on gradients or beneath something. Their ground is looked at
 * without them, and the worst pixel counts. Whatever else is undecided is told as it is.
 */
export async function allViolations(page) {
  const { violations, incomplete } = await run(page);
  const [open, other] = [incomplete.filter(({ id }) => id === "color-contrast"), incomplete.filter(({ id }) => id !== "color-contrast")];
  const nodes = open.flatMap(({ nodes }) => nodes.map(({ target, any }) => ({ at: target[0], wanted: parseFloat(any[0].data.expectedContrastRatio) })));
  return [...lines(violations), ...lines(other), ...(await tooFaint(page, nodes))];
}

async function tooFaint(page, nodes) {
  if (nodes.length === 0) return [];
  await page.evaluate((all) => all.forEach(({ at }) => document.querySelector(at).setAttribute("data-measured", "")), nodes);
  // Without the words, and without what floats over them.
  const bare = await page.evaluateHandle(() => {
    for (const element of document.querySelectorAll("body *")) {
      const floats = /fixed|sticky/.test(getComputedStyle(element).position) && !element.querySelector("[data-measured]");
      if (floats) element.setAttribute("data-floats", "");
    }
    const style = document.createElement("style");
    style.textContent = "[data-measured]{color:transparent!important}[data-floats]{visibility:hidden!important}*{transition:none!important;text-decoration:none!important}";
    document.head.append(style);
    return style;
  });
  const picture = (await page.screenshot({ fullPage: true, scale: "css" })).toString("base64");
  await bare.evaluate((style) => style.remove());
  return page.evaluate(measure, { nodes, picture });
}

/** Runs in the page. */
async function measure({ nodes, picture }) {
  const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${picture}`)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  const light = (rgb) => {
    const [r, g, b] = rgb.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  // Where the words stand; of a field, what its border and padding leave.
  const inside = (element) => {
    const words = document.createRange();
    words.selectNodeContents(element);
    if (!element.matches("input,select,textarea")) return words.getBoundingClientRect();
    const [style, { left, top, width, height }] = [getComputedStyle(element), element.getBoundingClientRect()];
    const [above, right, below, before] = ["top", "right", "bottom", "left"].map((side) => parseFloat(style[`padding-${side}`]) + parseFloat(style[`border-${side}-width`]));
    return new DOMRect(left + before, top + above, width - before - right, height - above - below);
  };
  const told = [];
  for (const { at, wanted } of nodes) {
    const element = document.querySelector(at);
    element.removeAttribute("data-measured");
    const box = inside(element);
    if (box.width < 1 || box.height < 1) continue;
    const [r, g, b, alpha = 1] = getComputedStyle(element).color.match(/[\d.]+/g).map(Number);
    let strength = alpha;
    for (let up = element; up; up = up.parentElement) strength *= Number(getComputedStyle(up).opacity);
    const { data } = canvas.getImageData(box.left + scrollX, box.top + scrollY, Math.ceil(box.width), Math.ceil(box.height));
    let worst = 21;
    for (let i = 0; i < data.length; i += 4) {
      const ground = [data[i], data[i + 1], data[i + 2]];
      const [a, z] = [light(ground), light([r, g, b].map((c, n) => c * strength + ground[n] * (1 - strength)))];
      worst = Math.min(worst, (Math.max(a, z) + 0.05) / (Math.min(a, z) + 0.05));
    }
    if (worst < wanted) told.push(`contrast of ${worst.toFixed(2)} where ${wanted} is wanted: ${at} ${element.outerHTML.slice(0, 160)}`);
  }
  return told;
}
