// Looks at the pages of a gallery (examples/gallery.rs) in Chromium, as a payer does.
//
//   node look.mjs GALLERY [SCREENSHOTS]
//
// Each state on a phone and on a desk, light and dark: no violation that axe finds, no message on the console, nothing
// wider than the screen (from the right as well), no request to another server. Then what the script does: the status
// changes, the time runs, a copy is made; and what works without it. Pictures go to the folder SCREENSHOTS.
//
// FLORIN_TEST_BROWSER is the folder of the packages (playwright-core, @axe-core/playwright), FLORIN_TEST_CHROMIUM the
// browser.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [gallery, pictures] = process.argv.slice(2);
const load = createRequire(join(process.env.FLORIN_TEST_BROWSER, "package.json"));
const { chromium } = load("playwright-core");
const { AxeBuilder } = load("@axe-core/playwright");

const headers = JSON.parse(readFileSync(join(gallery, "headers.json")));
const names = readFileSync(join(gallery, "names.txt"), "utf8").split("\n");
const LANGUAGES = ["en", "de", "pl", "fr", "es", "it"];
const SIZES = { phone: { width: 390, height: 844 }, desk: { width: 1440, height: 900 } };
const TYPES = { ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml" };

// What each open live stream is, so that a test can send through it.
const streams = new Map();
const posts = [];
const server = createServer((request, response) => {
  const url = new URL(request.url, "http://localhost");
  const [, pay, id, file] = url.pathname.split("/");
  const lang = url.searchParams.get("lang") ?? "en";
  const send = (path, type) => {
    if (!existsSync(path)) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": type, "x-content-type-options": "nosniff" }).end(readFileSync(path));
  };
  if (request.method === "POST") {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      posts.push(`${id} ${body}`);
      response.writeHead(303, { location: `/pay/pay-token?lang=${lang}` }).end();
    });
    return;
  }
  if (pay !== "pay") return response.writeHead(404).end();
  if (id === "assets") return send(join(gallery, url.pathname), TYPES[url.pathname.match(/\.\w+$/)?.[0]]);
  if (file === "brand.css") return send(join(gallery, "pay/brand.css"), TYPES[".css"]);
  if (file === "logo") return send(join(gallery, "pay/logo.svg"), TYPES[".svg"]);
  if (file === "live") {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write(readFileSync(join(gallery, "pay", `${id}.${lang}.live`)));
    streams.set(id, response);
    return;
  }
  const status = { unknown: 404, error: 503 }[id] ?? 200;
  response.writeHead(status, headers).end(readFileSync(join(gallery, "pay", `${id}.${lang}.html`)));
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const base = `http://127.0.0.1:${server.address().port}`;

const browser = await chromium.launch({
  executablePath: process.env.FLORIN_TEST_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const faults = [];
let checks = 0;
const check = (is, what) => {
  checks += 1;
  if (!is) faults.push(what);
};

// A page whose console and requests are watched, and what takes it to a state.
const watched = async (context) => {
  const page = await context.newPage();
  page.on("console", (message) => {
    // A page that is answered 404 or 503 is said to be so on the console.
    const isStatus = /(unknown|error)\?/.test(page.url()) && message.text().startsWith("Failed to load resource");
    if (!isStatus) faults.push(`${page.url()}: console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`${page.url()}: ${error}`));
  page.on("request", (request) => check(request.url().startsWith(base), `${page.url()}: asks ${request.url()}`));
  return page;
};
const visit = (page, name, lang = "en") => page.goto(`${base}/pay/${name}?lang=${lang}`, { waitUntil: "load" });
const open = async (context, name, lang) => {
  const page = await watched(context);
  await visit(page, name, lang);
  return page;
};
const paints = [];
const painted = (page) =>
  page.evaluate(() => performance.getEntriesByName("first-contentful-paint").map((entry) => entry.startTime));
const fits = async (page, where) =>
  check(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${where}: wider than the screen`);
const picture = (page, name) =>
  pictures && page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true, animations: "disabled" });
const accessible = async (page, where) => {
  const { violations } = await new AxeBuilder({ page }).analyze();
  for (const { id, nodes } of violations) {
    faults.push(`${where}: axe: ${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("; ")}`);
  }
  checks += 1;
};

if (pictures) mkdirSync(pictures, { recursive: true });
for (const [size, viewport] of Object.entries(SIZES)) {
  for (const colorScheme of ["light", "dark"]) {
    // Colours do not depend on the size, so only the pictures want all four.
    if (!pictures && (size === "phone") !== (colorScheme === "light")) continue;
    const context = await browser.newContext({ viewport, colorScheme, locale: "en-GB", timezoneId: "Europe/Berlin" });
    const page = await watched(context);
    for (const name of names) {
      await visit(page, name);
      paints.push(...(await painted(page)));
      await accessible(page, `${name} ${size} ${colorScheme}`);
      await fits(page, `${name} ${size} ${colorScheme}`);
      await picture(page, `${name}.${size}.${colorScheme}`);
    }
    await context.close();
  }
}

// Other languages on the narrowest phone, each also from the right.
{
  const context = await browser.newContext({ viewport: { width: 320, height: 640 } });
  const page = await watched(context);
  for (const lang of LANGUAGES) {
    for (const name of names) {
      await visit(page, name, lang);
      await fits(page, `${name}.${lang} narrow`);
      await page.evaluate(() => (document.documentElement.dir = "rtl"));
      await fits(page, `${name}.${lang} narrow, from the right`);
      if (lang === "en") await picture(page, `${name}.narrow.rtl`);
    }
  }
  if (pictures) {
    await page.setViewportSize(SIZES.phone);
    for (const lang of LANGUAGES.slice(1)) {
      for (const name of ["choose", "pay-token", "underpaid", "paid", "expired-again", "error"]) {
        await visit(page, name, lang);
        await picture(page, `${name}.phone.${lang}`);
      }
    }
  }
  await context.close();
}

const context = await browser.newContext({
  permissions: ["clipboard-read", "clipboard-write"],
  locale: "en-GB",
  timezoneId: "Europe/Berlin",
});
{
  const page = await open(context, "pay-token");
  await page.click("#copy-address");
  const heard = (selector, text) =>
    page
      .waitForFunction(([selector, text]) => document.querySelector(selector).textContent.includes(text), [selector, text])
      .then(() => check(true), () => check(false, `${selector} does not say: ${text}`));
  await Promise.all([heard("#copy-address", "Copied"), heard("#announcer", "Copied")]);
  // The page itself may not read the clipboard; another one may.
  const other = await context.newPage();
  await other.goto(`${base}/pay/pay-token/brand.css`);
  const copied = await other.evaluate(() => navigator.clipboard.readText());
  check(/^0x[0-9a-fA-F]{40}$/.test(copied), `copied: ${copied}`);
  await other.close();
  const before = await page.textContent("time.left");
  await page.waitForFunction((before) => document.querySelector("time.left").textContent !== before, before);
  await page.focus("#copy-amount");
  // The same screen once more only sets the clock: what has the focus stays the same element.
  await page.evaluate(() => (document.activeElement.isKept = true));
  const present = readFileSync(join(gallery, "pay/pay-token.en.live"), "utf8");
  streams.get("pay-token").write(present.replace('data-left="872"', 'data-left="60"'));
  await page.waitForSelector("time.left.soon");
  check(await page.evaluate(() => document.activeElement.isKept === true), "the same screen was put in anew");
  streams.get("pay-token").write(readFileSync(join(gallery, "pay/seen.en.live")));
  await page.waitForSelector("#confirmations");
  check((await page.title()).startsWith("We can see your payment"), "the title did not change");
  await heard("#announcer", "Confirmations: 3 of 12");
  check(await page.evaluate(() => document.activeElement.id === "content"), "the focus is lost");
  streams.get("pay-token").write(readFileSync(join(gallery, "pay/paid.en.live")));
  await page.waitForSelector(".receipt");
  check((await page.textContent("time.local")).includes("20:47"), "the time is not the reader's own");
  await page.close();
}
{
  // The keyboard alone: skip to the payment, choose, and copy.
  const page = await open(context, "choose");
  await page.keyboard.press("Tab");
  check((await page.evaluate(() => document.activeElement.className)) === "skip", "the first stop is not the skip link");
  await page.keyboard.press("Enter");
  for (let stop = 0; stop < 3; stop += 1) await page.keyboard.press("Tab");
  check(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle !== "none"), "no focus is seen");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/pay/pay-token?lang=en");
  check(posts.at(-1) === "choose currency=usdc&network=polygon", `the choice was sent as ${posts.at(-1)}`);
  await page.close();
}
await context.close();

{
  const context = await browser.newContext({ javaScriptEnabled: false, viewport: SIZES.phone });
  const page = await open(context, "choose", "de");
  await picture(page, "choose.phone.without-script");
  await page.locator(".choice").nth(2).click();
  await page.waitForURL("**/pay/pay-token?lang=de");
  check(await page.locator("meta[http-equiv=refresh]").count() === 1, "the page does not load itself again");
  check(!(await page.isVisible("#copy-address")), "a button that does nothing is shown");
  check(await page.isVisible("p.without-script"), "nothing says that the page loads again");
  await picture(page, "pay-token.phone.without-script");
  await page.click("footer a[lang=pl]");
  await page.waitForURL("**/pay/pay-token?lang=pl");
  check((await page.getAttribute("html", "lang")) === "pl", "the switch does not change the language");
  await context.close();
}

await browser.close();
server.closeAllConnections();
server.close();
for (const fault of faults) console.error(fault);
paints.sort((one, other) => one - other);
console.log(`first paint: ${Math.round(paints[Math.floor(paints.length / 2)])} ms in the middle of ${paints.length} views`);
console.log(`${checks} checks, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
