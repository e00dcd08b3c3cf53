#!/usr/bin/env node
// `telltale-declare FILE [PROTOCOL]`: the roles of a protocol as TypeScript, on the standard output.
import { readFileSync } from "node:fs";
import { initSync, Protocol } from "./telltale.js";

const [file, name] = process.argv.slice(2);
if (file === undefined) {
  console.error("usage: telltale-declare FILE [PROTOCOL]");
  process.exit(2);
}
initSync({ module: readFileSync(new URL("telltale_bg.wasm", import.meta.url)) });
try {
  process.stdout.write(Protocol.read(readFileSync(file, "utf8"), name).declarations());
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exit(1);
}
