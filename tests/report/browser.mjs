// Open every page of a report in a real browser, and say what is wrong with it as JSON.
// node browser.mjs FOLDER_OF_NODE_MODULES BROWSER FOLDER_OF_PICTURES PAGE...
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, browserPath, pictures, ...files] = process.argv.slice(2);
const require = createRequire(pathToFileURL(modules + "/"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const views = [
  { name: "1280", viewport: { width: 1280, height: 900 } },
  { name: "390", viewport: { width: 390, height: 844 } },
  { name: "dark", viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  // 200 % zoom of a screen 1280 wide leaves 640 pixels of the page's own measure.
  { name: "zoom", viewport: { width: 640, height: 450 } },
  { name: "print", viewport: { width: 794, height: 1123 }, media: "print" },
];

const browser = await chromium.launch({ executablePath: browserPath, args: ["--no-sandbox"] });
const found = [];
for (const { name, viewport, colorScheme, media } of views) {
  // Scripts of the page itself stay forbidden by its policy; axe is put in by the browser.
  const context = await browser.newContext({ viewport, colorScheme, bypassCSP: true });
  for (const file of files) {
    const page = await context.newPage();
    const outside = [], said = [];
    page.on("request", (r) => /^(file|data):/.test(r.url()) || outside.push(r.url()));
    page.on("console", (m) => m.type() === "error" && said.push(m.text()));
    page.on("pageerror", (e) => said.push(String(e)));
    await page.goto(pathToFileURL(file).href);
    if (media) await page.emulateMedia({ media });
    await page.screenshot({ path: `${pictures}/${basename(file, ".html")}_${name}.png`, fullPage: true });
    const about = { page: basename(file), view: name, outside, said, violations: [] };
    about.wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (!media) {
      await page.evaluate(axe);
      const run = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
      about.violations = run.violations.map((v) => `${v.id}: ${v.help} (${v.nodes[0].html.slice(0, 120)})`);
    }
    if (name === "1280") {
      await page.keyboard.press("Tab");
      about.first = await page.evaluate(() => document.activeElement.getAttribute("href"));
    }
    found.push(about);
    await page.close();
  }
  await context.close();
}
await browser.close();
console.log(JSON.stringify(found));
