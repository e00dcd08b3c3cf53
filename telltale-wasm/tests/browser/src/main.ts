import init from "telltale-wasm";
import { report, use } from "./harness.js";

declare global {
  var results: Promise<import("./harness.js").Result[]>;
}

globalThis.results = (async () => {
  use((await init()).memory);
  await import("./language.test.js");
  await import("./roles.test.js");
  await import("./types.test.js");
  await import("./traces.test.js");
  return report();
})();
