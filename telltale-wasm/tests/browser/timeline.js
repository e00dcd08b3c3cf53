// Opens a timeline in a headless browser, with a viewer of the trace event format that is not ours: `node timeline.js TIMELINE`.
//
// TIMELINE is what `telltale simulate … --draw run.json` has written. The viewer is speedscope, since that of Perfetto cannot be had as a package; it
// knows no arrows, whose rules `telltale-diagram/tests/timeline.rs` has.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { conclude, launch, serve } from "./serve.js";

const path = resolve(process.argv[2]);
const viewer = join(dirname(fileURLToPath(import.meta.url)), "node_modules/speedscope/dist/release");
const { traceEvents: events } = JSON.parse(readFileSync(path, "utf8"));
const named = (name) => events.filter((event) => event.ph === "M" && event.name === name).map((event) => event.args.name);
const [title] = named("process_name");
const roles = named("thread_name");

/** What the viewer has read: for each track its name, and the names of what happens on it, in order. */
async function tracks(tab) {
  const saved = tab.waitForEvent("download", { timeout: 30_000 });
  await tab.getByText("Export", { exact: false }).first().click();
  const text = readFileSync(await (await saved).path(), "utf8");
  const { profiles, shared } = JSON.parse(text);
  return profiles.map(({ name, events }) => [name, events.filter(({ type }) => type === "O").map(({ frame }) => shared.frames[frame].name)]);
}

async function open(browser, address) {
  const tab = await browser.newPage();
  const trouble = [];
  tab.on("pageerror", (error) => trouble.push(String(error)));
  await tab.goto(`${address}/index.html#profileURL=${encodeURIComponent(`${address}/run.json`)}`);
  const read = Object.fromEntries(await tracks(tab));
  assert.deepEqual(trouble, []);
  for (const [at, role] of roles.entries()) {
    const found = Object.keys(read).filter((name) => name.includes(role));
    assert.equal(found.length, 1, `one track for ${role} in ${Object.keys(read)}`);
    assert.ok(found[0].includes(title), found[0]);
    const expected = events.filter((event) => event.ph === "X" && event.tid === at + 1).map((event) => event.name);
    assert.deepEqual(read[found[0]].map((name) => name.split(" {")[0]), expected.map((name) => name.split(" {")[0]));
  }
}

const server = await serve((file) => (file === "/run.json" ? path : join(viewer, file)));
const browser = await launch();
try {
  const error = await open(browser, server.address).then(() => undefined, String);
  conclude([{ name: "a timeline in a viewer", error }]);
} finally {
  await browser.close();
  server.stop();
}
