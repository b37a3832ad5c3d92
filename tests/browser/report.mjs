// Opens a report in Chromium, as its readers do: node report.mjs CHROMIUM REPORT.html…
//
// Of each: no request leaves it, axe-core finds nothing serious, nothing makes it wider than a phone, and the images that a cell of
// the confusion matrix shows are as many as it counts, and those of its classes.
import assert from "node:assert/strict";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import axe from "axe-core";
import { chromium } from "playwright-core";

const [executablePath, ...reports] = process.argv.slice(2);
const args = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const browser = await chromium.launch({ executablePath, args });
for (const report of reports) {
  const address = pathToFileURL(resolve(report)).href;
  for (const [width, colorScheme] of [[360, "light"], [1400, "dark"]]) {
    // The page allows no script but its own; axe-core is one.
    const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme, bypassCSP: true });
    const requests = [];
    const problems = [];
    page.on("request", (request) => requests.push(request.url()));
    page.on("pageerror", (error) => problems.push(String(error)));
    await page.goto(address);
    await clickCells(page);
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, `wider than ${width} pixels`);
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    const found = serious.flatMap(({ id, nodes }) => nodes.slice(0, 3).map((node) => `${id}: ${node.html}`));
    assert.deepEqual(found, []);
    const outside = requests.filter((url) => url !== address && !url.startsWith("data:"));
    assert.deepEqual([outside, problems], [[], []]);
    console.log(`${report}: ${width} pixels, ${colorScheme}: ${violations.length} lesser findings`);
    await page.close();
  }
}
await browser.close();

// Clicks a mistake and a right cell, and looks at what is shown.
async function clickCells(page) {
  const cells = page.locator(".matrix button");
  const count = await cells.count();
  if (count === 0) return;
  const all = await cells.evaluateAll((buttons) => buttons.map(({ dataset }) => ({ ...dataset })));
  const number = ({ count }) => Number(count.replaceAll(",", ""));
  const isRight = ({ truth, predicted }) => truth === predicted;
  const confusion = JSON.parse(await page.locator("#facts").textContent()).confusion;
  for (const wanted of [(cell) => !isRight(cell), isRight]) {
    const place = all.findIndex(wanted);
    if (place < 0) continue;
    const cell = all[place];
    assert.equal(number(cell), confusion[cell.truth][cell.predicted]);
    await cells.nth(place).focus();
    await page.keyboard.press("Enter");
    const shown = page.locator("#shown .image");
    const labels = await shown.evaluateAll((images) => images.map((image) => image.getAttribute("aria-label")));
    assert.equal(labels.length, isRight(cell) ? Math.min(40, number(cell)) : number(cell));
    const classes = JSON.parse(await page.locator("#facts").textContent()).classes;
    const name = classes[cell.truth];
    assert.ok(labels.every((label) => label.includes(`: ${name}, `)), `images of ${name}`);
    // Each shows a part of a sheet that is there.
    const pictures = await shown.evaluateAll((images) =>
      images.map((image) => getComputedStyle(image).backgroundImage.startsWith('url("data:image/png')),
    );
    assert.ok(pictures.every(Boolean), "images are drawn");
  }
  await page.locator("#shares").click();
  assert.ok(Number(await cells.first().textContent()) <= 100, "shares are percents");
}
