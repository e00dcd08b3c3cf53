// Uses the playground as people do, in a headless browser: `node playground.js FOLDER [PICTURES]`.
//
// FOLDER is what `playground/build` has built; screenshots go to the folder PICTURES, if there is to be one.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { conclude, launch, serve } from "./serve.js";

const [folder, pictures] = process.argv.slice(2).map((path) => resolve(path));
const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

const tests = {
  async "begins with an example that is sound"(tab) {
    assert.equal(await tab.textContent("#verdict"), "1 protocol, sound");
    const drawn = await tab.locator("#diagram svg").boundingBox();
    assert.ok(drawn.width > 300 && drawn.height > 300, `a picture of ${drawn.width} by ${drawn.height}`);
    const examples = await tab.locator("#examples option").count();
    assert.ok(examples > 100, `${examples} examples`);
  },

  async "underlines a mistake as one types, and leads to it"(tab) {
    await write(tab, "protocol Ping(Alice, Bob) {\n    Alice -> Bbo: Ping;\n}\n");
    await tab.waitForSelector("#mirror mark");
    assert.equal(await tab.textContent("#mirror mark"), "Bbo");
    assert.match(await tab.textContent("#errors"), /^2:14 unknown role `Bbo`/);
    await tab.click("#errors button");
    const selected = await tab.evaluate(() => {
      const text = document.getElementById("text");
      return [document.activeElement === text, text.value.slice(text.selectionStart, text.selectionEnd)];
    });
    assert.deepEqual(selected, [true, "Bbo"]);
    await picture(tab, "mistake");
    await tab.keyboard.type("Bob");
    await verdict(tab, "1 protocol, sound");
    assert.equal(await tab.locator("#mirror mark").count(), 0);
  },

  async "the underline lies under its word, wherever one has scrolled to"(tab) {
    const filler = "    Alice -> Bob: Ping;\n".repeat(200);
    await write(tab, `protocol Ping(Alice, Bob) {\n${filler}    Alice -> Bbo: Ping;\n}\n`);
    await tab.click("#errors button");
    const [editor, mark] = [await tab.locator("#editor").boundingBox(), await tab.locator("#mirror mark").boundingBox()];
    assert.ok(mark.y > editor.y && mark.y + mark.height < editor.y + editor.height, `${mark.y} in ${editor.y}`);
    const scrolled = await tab.evaluate(() => ["text", "mirror"].map((id) => document.getElementById(id).scrollTop));
    assert.equal(scrolled[0], scrolled[1]);
  },

  async "says which role cannot know, and draws the protocol all the same"(tab) {
    await write(tab, "protocol P(A, B, C) { choice at A { A -> B: Yes; B -> C: Go; } or { A -> B: No; C -> B: Stop; } }");
    await verdict(tab, "1 mistake");
    assert.match(await tab.textContent("#errors button"), /`C`/);
    assert.match(await tab.textContent("#errors pre"), /a run that goes wrong/);
    assert.match(await tab.textContent("#diagram svg"), /Stop/);
  },

  async "the link holds the text"(tab, context) {
    const text = "protocol Ping(Alice, Bob) { /* 𝄞 <b>&amp; */ Alice -> Bob: Ping; }";
    await write(tab, text);
    assert.match(tab.url(), /#p=/);
    const other = await context.newPage();
    await other.goto(tab.url());
    await ready(other);
    assert.equal(await other.inputValue("#text"), text);
    await other.evaluate(() => (location.hash = "#p=%%%"));
    await other.waitForFunction(() => document.getElementById("copied").textContent !== "");
    assert.match(await other.textContent("#copied"), /cannot be read/);
    await other.close();
  },

  async "a stranger's text is text"(tab) {
    const mean = '<img src=x onerror="document.title = 1">';
    await write(tab, `protocol P(A, B) { A -> B: X(Vec<script>, [u8; ${JSON.stringify(mean)}.len()]); }`);
    await verdict(tab, "1 protocol, sound");
    for (const view of ["roles", "run", "bytecode", "types"]) await tab.click(`#tab-${view}`);
    assert.match(await tab.textContent("#diagram svg"), /onerror/);
    assert.equal(await tab.locator("main img, main script").count(), 0);
    assert.equal(await tab.title(), "Telltale playground");
  },

  async "a run can be stepped, and you decide"(tab) {
    await tab.click("#tab-run");
    await tab.selectOption("#you", "Bob");
    let steps = 0;
    for (; steps < 60 && (await tab.locator("#question").isHidden()); steps += 1) await tab.click("#step");
    assert.ok(steps > 3, `${steps} steps`);
    assert.match(await tab.textContent("#question"), /Bob decides/);
    assert.match(await tab.textContent("#who"), /Alice.*waits for Bob/s);
    await picture(tab, "run");
    await tab.fill("#question form:has-text('Accept') input", '{"address":"Davos"}');
    await tab.click("#question button:has-text('Accept')");
    await tab.waitForFunction(() => !document.getElementById("on").disabled);
    await tab.click("#on");
    await tab.waitForFunction(() => document.getElementById("progress").textContent === "The session is complete.");
    assert.match(await tab.textContent("#log"), /Bob chooses Accept/);
  },

  async "what a role does at once has lines of its own"(tab) {
    await write(tab, "protocol P(A, B) { par { A -> B: X; } and { B -> A: Y; } A -> B: Z; }");
    await verdict(tab, "1 protocol, sound");
    await tab.click("#tab-run");
    assert.equal(await tab.locator("#who tr").count(), 2);
    for (let step = 0; step < 2; step += 1) await tab.click("#step");
    assert.match(await tab.textContent("#who"), /A \/ 1/);
    await tab.click("#on");
    assert.equal(await tab.textContent("#progress"), "The session is complete.");
  },

  async "what is no payload is said at once"(tab) {
    await write(tab, "protocol P(A, B) { A -> B: Number(u8); }");
    await verdict(tab, "1 protocol, sound");
    await tab.click("#tab-run");
    await tab.selectOption("#you", "A");
    await tab.click("#on");
    await tab.fill("#question input", "seven");
    await tab.click("#question button");
    assert.equal(await tab.evaluate(() => document.querySelector("#question input").validationMessage), "This is no u8.");
    await tab.fill("#question input", "256");
    await tab.click("#question button");
    await tab.waitForFunction(() => document.getElementById("progress").classList.contains("wrong"));
    assert.match(await tab.textContent("#progress"), /256, which is out of its range/);
  },

  async "the same seed makes the same run"(tab) {
    await tab.click("#tab-run");
    await tab.selectOption("#you", "");
    const log = async (seed) => {
      await tab.fill("#seed", seed);
      await tab.click("#controls button[type=submit]");
      await tab.click("#on");
      return tab.textContent("#log");
    };
    const [one, other, again] = [await log("1"), await log("5"), await log("1")];
    assert.equal(one, again);
    assert.ok(one.length > 0 && other.length > 0);
  },

  async "can be used by keyboard alone"(tab) {
    await tab.focus("#tab-diagram");
    await tab.keyboard.press("ArrowRight");
    assert.ok(await tab.locator("#roles").isVisible());
    assert.match(await tab.textContent("#roles pre"), /Seller!Title/);
    await tab.keyboard.press("ArrowRight");
    assert.ok(await tab.locator("#run").isVisible());
    for (const id of ["you", "seed", "", "step"]) {
      await tab.keyboard.press("Tab");
      if (id !== "") assert.equal(await tab.evaluate(() => document.activeElement.id), id);
    }
    await tab.keyboard.press("Enter");
    assert.match(await tab.textContent("#log"), /the session begins/);
    await tab.focus("#tab-run");
    await tab.keyboard.press("End");
    assert.match(await tab.textContent("#types"), /export interface Seller/);
  },

  async "every example can be chosen, and runs"(tab) {
    const paths = await tab.locator("#examples option").evaluateAll((all) => all.map((option) => option.value).slice(1));
    await tab.click("#tab-run");
    for (const path of paths) {
      await tab.selectOption("#examples", path);
      await tab.waitForFunction(() => location.hash.startsWith("#p="));
      await tab.evaluate(() => history.replaceState(null, "", "#"));
      if (/sound$/.test(await tab.textContent("#verdict"))) {
        await tab.selectOption("#you", "");
        await tab.click("#on");
        assert.equal(await tab.locator("#progress.wrong").count(), 0, `${path}: ${await tab.textContent("#progress")}`);
      } else {
        assert.ok((await tab.locator("#errors li").count()) > 0, path);
      }
    }
  },

  async "fits a telephone, in the dark"(_, context) {
    const tab = await context.browser().newPage({ ...phone, colorScheme: "dark" });
    await tab.goto(context.address);
    await ready(tab);
    const overflows = () => tab.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    for (const view of ["diagram", "roles", "run", "bytecode", "types"]) {
      await tab.tap(`#tab-${view}`);
      assert.equal(await overflows(), false, view);
    }
    await tab.tap("#tab-run");
    await tab.tap("#step");
    await picture(tab, "phone", true);
    await tab.close();
  },

  async "looks like itself in both colours"(tab) {
    await picture(tab, "light");
    await tab.emulateMedia({ colorScheme: "dark" });
    const dark = await tab.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.notEqual(dark, "rgb(255, 255, 255)");
    await tab.click("#tab-roles");
    await picture(tab, "dark");
  },
};

async function write(tab, text) {
  await tab.fill("#text", text);
  await ready(tab);
}

async function verdict(tab, expected) {
  await tab.waitForFunction((expected) => document.getElementById("verdict").textContent === expected, expected, {
    timeout: 30_000,
  });
}

async function ready(tab) {
  await tab.waitForSelector("body[data-ready]", { timeout: 60_000 });
}

async function picture(tab, name, fullPage = false) {
  if (pictures !== undefined) await tab.screenshot({ path: join(pictures, `${name}.png`), fullPage });
}

async function main() {
  if (pictures !== undefined) mkdirSync(pictures, { recursive: true });
  const server = await serve((path) => join(folder, path === "/" ? "index.html" : path));
  const browser = await launch();
  const results = [];
  try {
    for (const [name, test] of Object.entries(tests)) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
      context.address = server.address;
      const tab = await context.newPage();
      tab.setDefaultTimeout(30_000);
      const trouble = [];
      tab.on("pageerror", (error) => trouble.push(String(error)));
      tab.on("console", (message) => message.type() === "error" && trouble.push(message.text()));
      try {
        await tab.goto(server.address);
        await ready(tab);
        await test(tab, context);
        assert.deepEqual(trouble, []);
        results.push({ name });
      } catch (error) {
        results.push({ name, error: `${error.stack ?? error}\n${trouble.join("\n")}` });
      }
      await context.close();
    }
  } finally {
    await browser.close();
    server.stop();
  }
  conclude(results);
}

await main();
