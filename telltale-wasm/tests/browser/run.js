// Runs the tests of the package in a headless browser: `node run.js PACKAGE TRACES FOLDER`.
//
// PACKAGE is what `telltale-wasm/build` has built, TRACES what its example `traces` has written, and FOLDER is for what is made here. The
// browser is the first Chromium that is found, or `CHROMIUM`.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const here = dirname(fileURLToPath(import.meta.url));
const [folder, traces, work] = process.argv.slice(2).map((path) => resolve(path));

/** The tests as JavaScript, typed by what the package declares of itself and of a protocol. */
function compile() {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  cpSync(join(here, "src"), join(work, "src"), { recursive: true });
  const declare = [join(folder, "declare.js"), join(here, "src", "two_buyer.tell")];
  writeFileSync(join(work, "src", "two_buyer.ts"), execFileSync(process.execPath, declare));
  const options = {
    extends: join(here, "tsconfig.json"),
    compilerOptions: {
      rootDir: join(work, "src"),
      outDir: join(work, "js"),
      paths: { "telltale-wasm": [join(folder, "telltale.d.ts")] },
    },
    include: [join(work, "src")],
  };
  writeFileSync(join(work, "tsconfig.json"), JSON.stringify(options));
  execFileSync(join(here, "node_modules", ".bin", "tsc"), ["-p", work], { stdio: "inherit" });
}

const page = `<!doctype html><meta charset="utf-8"><title>telltale-wasm</title><link rel="icon" href="data:,">
<script type="importmap">{"imports":{"telltale-wasm":"/package/telltale.js"}}</script>
<script type="module" src="/js/main.js"></script>`;

const types = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm", ".json": "application/json" };

/** The example of the guide, as its reader would have it. */
function example() {
  const guide = readFileSync(join(here, "../../../docs/24_browser.md"), "utf8");
  const [, html] = /```html\n([^]*?)```/.exec(guide);
  return `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">${html}`;
}

function body(path) {
  if (path === "/") return page;
  if (path === "/guide.html") return example();
  return readFileSync(file(path));
}

function file(path) {
  if (path === "/traces.json") return traces;
  const [, name] = /^\/(?:package|telltale-wasm)\/(.*)/.exec(path) ?? [];
  if (name) return join(folder, name);
  if (path.startsWith("/js/")) return join(work, path);
  return join(work, "src", path);
}

function serve() {
  const server = createServer((request, response) => {
    const path = new URL(request.url, "http://localhost").pathname;
    const type = types[extname(path)] ?? "text/plain; charset=utf-8";
    try {
      response.writeHead(200, { "content-type": path === "/" ? types[".html"] : type }).end(body(path));
    } catch {
      response.writeHead(404).end();
    }
  });
  return new Promise((listening) => server.listen(0, "127.0.0.1", () => listening(server)));
}

/** A browser that talks to nobody. */
export function launch() {
  const known = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
  const executablePath = known.find((path) => path && existsSync(path));
  const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"];
  return chromium.launch({ executablePath, args });
}

/** Whether the example of the guide says what it promises. */
async function guide(browser, server) {
  const tab = await browser.newPage();
  const said = tab.waitForEvent("console", { timeout: 10_000 });
  await tab.goto(`http://127.0.0.1:${server.address().port}/guide.html`);
  const text = await said.then((message) => message.text(), String);
  const error = text === "a hot chocolate for 3" ? undefined : text;
  return { name: "the example of the guide", error };
}

async function main() {
  compile();
  const server = await serve();
  const browser = await launch();
  try {
    const tab = await browser.newPage();
    let trouble = [];
    tab.on("pageerror", (error) => trouble.push(String(error)));
    tab.on("console", (message) => message.type() === "error" && trouble.push(message.text()));
    await tab.goto(`http://127.0.0.1:${server.address().port}/`);
    await tab.waitForFunction(() => globalThis.results, undefined, { timeout: 30_000 });
    const results = await tab.evaluate(() => globalThis.results);
    results.push(await guide(browser, server));
    const failed = results.filter((result) => result.error !== undefined);
    for (const { name, error } of failed) console.log(`${name}\n${error}\n`);
    for (const line of trouble) console.log(`in the console: ${line}`);
    console.log(`${browser.browserType().name()} ${browser.version()}`);
    console.log(`${results.length - failed.length} passed, ${failed.length} failed`);
    process.exitCode = failed.length + trouble.length > 0 || results.length === 0 ? 1 : 0;
  } finally {
    await browser.close();
    server.close();
  }
}

await main();
