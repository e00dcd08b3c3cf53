// Runs the tests of the package in a headless browser: `node run.js PACKAGE TRACES FOLDER`.
//
// PACKAGE is what `telltale-wasm/build` has built, TRACES what its example `traces` has written, and FOLDER is for what is made here.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { conclude, launch, serve } from "./serve.js";

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
<script type="importmap">{"imports":{"telltale-wasm":"/telltale-wasm/telltale.js"}}</script>
<script type="module" src="/js/main.js"></script>`;

/** The example of the guide, as its reader would have it. */
function example() {
  const guide = readFileSync(join(here, "../../../docs/24_browser.md"), "utf8");
  const [, html] = /```html\n([^]*?)```/.exec(guide);
  return `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">${html}`;
}

function find(path) {
  if (path === "/") return { body: page };
  if (path === "/guide.html") return { body: example() };
  if (path === "/traces.json") return traces;
  const [, name] = /^\/telltale-wasm\/(.*)/.exec(path) ?? [];
  if (name !== undefined) return join(folder, name);
  return join(work, path.startsWith("/js/") ? "." : "src", path);
}

/** Whether the example of the guide says what it promises. */
async function guide(browser, address) {
  const tab = await browser.newPage();
  const said = tab.waitForEvent("console", { timeout: 60_000 });
  await tab.goto(`${address}/guide.html`);
  const text = await said.then((message) => message.text(), String);
  const error = text === "a hot chocolate for 3" ? undefined : text;
  return { name: "the example of the guide", error };
}

async function main() {
  compile();
  const server = await serve(find);
  const browser = await launch();
  try {
    const tab = await browser.newPage();
    const trouble = [];
    tab.on("pageerror", (error) => trouble.push({ name: "an error in the page", error: String(error) }));
    tab.on("console", (message) => {
      if (message.type() === "error") trouble.push({ name: "an error in the console", error: message.text() });
    });
    await tab.goto(`${server.address}/`);
    // Not the promise itself, which would have to be kept by then.
    await tab.waitForFunction(() => globalThis.results !== undefined, undefined, { timeout: 60_000 });
    const results = await tab.evaluate(() => globalThis.results);
    conclude([...results, await guide(browser, server.address), ...trouble]);
  } finally {
    await browser.close();
    server.stop();
  }
}

await main();
