// How large a module is, as it is and as servers send it: `node size.js MODULE LIMIT`. More than LIMIT bytes, compressed with Brotli, is an error.
import { readFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const [path, limit] = process.argv.slice(2);
const module = readFileSync(path);
const gzip = gzipSync(module, { level: 9 }).length;
const brotli = brotliCompressSync(module, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
console.log(`${module.length} bytes; gzip: ${gzip}; Brotli: ${brotli}`);
if (brotli > Number(limit)) {
  console.error(`error: expected at most ${limit} bytes with Brotli`);
  process.exitCode = 1;
}
