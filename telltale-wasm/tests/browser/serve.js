// A web server for files, and a browser that talks to nobody else.
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname } from "node:path";
import { chromium } from "playwright-core";

const types = {
  ".html": "text/html",
  ".css": "text/css",
  ".js": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

/** Serves what `find` gives for a path: the path of a file, or `{ body }`. Gives the address, and how to stop. */
export async function serve(find) {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    const type = types[extname(path) || ".html"] ?? "text/plain; charset=utf-8";
    try {
      const found = find(path);
      response.writeHead(200, { "content-type": type }).end(found.body ?? readFileSync(found));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return { address: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() };
}

/** The first Chromium that is found, or the one that `CHROMIUM` names. */
export function launch() {
  const known = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
  const executablePath = known.find((path) => path && existsSync(path));
  const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"];
  return chromium.launch({ executablePath, args });
}

/** Prints what has failed, and how many. */
export function conclude(results) {
  const failed = results.filter((result) => result.error !== undefined);
  for (const { name, error } of failed) console.log(`${name}\n${error}\n`);
  console.log(`${results.length - failed.length} passed, ${failed.length} failed`);
  process.exitCode = failed.length > 0 || results.length === 0 ? 1 : 0;
}
