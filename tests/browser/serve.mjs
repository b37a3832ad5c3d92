// Uses the page of a server in Chromium, as people do: node serve.mjs CHROMIUM PROGRAM RUN PICTURE
//
// On a phone and on a desk: an example, a drawing, a picture that is chosen and one that is dropped each have an answer with bars and
// a heat map; no request leaves the server, axe-core finds nothing serious, nothing is wider than the screen. With a token the page
// asks for it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile, writeFile, mkdtemp, rm } from "node:fs/promises";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import axe from "axe-core";
import { chromium } from "playwright-core";

const [executablePath, program, run, picture] = process.argv.slice(2);
const TOKEN = "a-token-for-this-test";

// A server with these flags while `use` uses it.
async function serving(flags, use) {
  const server = spawn(program, ["serve", run, "--addr", "127.0.0.1:0", "--json", "--quiet", ...flags]);
  try {
    const [line] = await once(server.stdout, "data");
    await use(`${JSON.parse(line).address}/`);
  } finally {
    server.kill();
    await once(server, "exit");
  }
}

// A page that keeps what the server has answered last.
async function open(options) {
  const page = await browser.newPage(options);
  await page.addInitScript(() => {
    const ask = globalThis.fetch;
    globalThis.fetch = async (address, ...rest) => {
      const response = await ask(address, ...rest);
      if (address.startsWith("v1/predict")) globalThis.answered = await response.clone().json();
      return response;
    };
  });
  return page;
}

// What is shown, once it is the answer to `asking`.
async function answer(page, asking) {
  await page.evaluate(() => delete globalThis.answered);
  await asking();
  // Not by `waitForFunction`, which the page's policy forbids.
  let wanted;
  while (!wanted) wanted = await page.evaluate(() => globalThis.answered);
  await page.locator("#answer").waitFor();
  await page.locator("#result[aria-busy=false]").waitFor();
  assert.equal(await page.locator("#class").textContent(), wanted.class);
  const shares = await page.locator("#bars .share").allTextContents();
  assert.equal(shares[0], `${(wanted.probability * 100).toFixed(1)} %`);
  assert.equal(shares.length, wanted.top.length);
  const heat = await page.locator("#heat").evaluate((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return [canvas.width, data.some((value, place) => place % 4 === 0 && value !== data[place + 2])];
  });
  assert.deepEqual(heat, [wanted.explanation.width, true], "the heat map has colours");
  assert.ok(await page.locator("#seen").evaluate((image) => image.naturalWidth > 0), "what the network saw is shown");
  return wanted;
}

async function draw(page) {
  const pad = page.locator("#pad");
  await pad.scrollIntoViewIfNeeded();
  const box = await pad.boundingBox();
  const at = (x, y) => [box.x + box.width * x, box.y + box.height * y];
  await page.mouse.move(...at(0.3, 0.2));
  await page.mouse.down();
  for (const [x, y] of [[0.7, 0.2], [0.7, 0.8], [0.3, 0.8]]) await page.mouse.move(...at(x, y), { steps: 5 });
  await page.mouse.up();
}

// As from a desktop: the page gets a file with the event.
async function drop(page, bytes) {
  const transfer = await page.evaluateHandle((encoded) => {
    const file = new File([Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0))], "a.png", { type: "image/png" });
    const data = new DataTransfer();
    data.items.add(file);
    return data;
  }, bytes.toString("base64"));
  await page.dispatchEvent("#drop", "drop", { dataTransfer: transfer });
}

const browser = await chromium.launch({
  executablePath,
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const world = await mkdtemp(join(tmpdir(), "serve-"));
const bytes = await readFile(picture);

await serving([], async (address) => {
  for (const [width, colorScheme] of [[360, "light"], [1400, "dark"]]) {
    // The page allows no script but its own; axe-core is one.
    const page = await open({ viewport: { width, height: 800 }, colorScheme, bypassCSP: true });
    const [requests, problems] = [[], []];
    page.on("request", (request) => requests.push(request.url()));
    page.on("pageerror", (error) => problems.push(String(error)));
    await page.goto(address);
    await answer(page, () => page.locator("#examples button").first().click());
    await answer(page, () => draw(page));
    const chosen = await answer(page, () => page.locator("#file").setInputFiles(picture));
    const dropped = await answer(page, () => drop(page, bytes));
    assert.deepEqual(dropped.top, chosen.top, "the same picture has the same answer");
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, `wider than ${width} pixels`);
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    assert.deepEqual(serious.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}`)), []);
    const own = (url) => url.startsWith(address) || url.startsWith("data:") || url.startsWith(`blob:${address}`);
    assert.deepEqual([requests.filter((url) => !own(url)), problems], [[], []]);
    // What is no picture is said so.
    const broken = join(world, "broken.png");
    await writeFile(broken, "no picture");
    await page.locator("#file").setInputFiles(broken);
    await page.locator("#state.problem").waitFor();
    assert.match(await page.locator("#state").textContent(), /no PNG/);
    console.log(`${width} pixels, ${colorScheme}: ${violations.length} lesser findings`);
    await page.close();
  }
  // By its own policy, too: the page works, and the browser blocks nothing of it.
  const page = await open();
  const said = [];
  page.on("console", (message) => said.push(message.text()));
  await page.goto(address);
  await answer(page, () => page.locator("#examples button").last().click());
  assert.deepEqual(said, []);
  await page.close();
});

await writeFile(join(world, "token"), TOKEN);
await serving(["--token-file", join(world, "token")], async (address) => {
  const page = await open();
  await page.goto(address);
  await page.locator("#secret").waitFor();
  await page.locator("#token").fill(TOKEN);
  await page.locator("#secret button").click();
  await page.locator("#secret").waitFor({ state: "hidden" });
  await answer(page, () => page.locator("#examples button").first().click());
  console.log("with a token: asked for, and taken");
});
await rm(world, { recursive: true });
await browser.close();
