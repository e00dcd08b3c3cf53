// A text on the left, what it means on the right; the address holds the text.
import { by, make, picture } from "./element.js";
import * as editor from "./editor.js";
import { fromHash, toHash } from "./link.js";
import * as run from "./run.js";
import "./tabs.js";
import init, { Protocol, check, sketch } from "./telltale-wasm/telltale.js";

const FIRST = "examples/two_buyer.tell";
const GROUPS = { examples: "Examples", classics: "Classics, sound and not", parallel: "Several things at once" };

let protocol;

/** Says what the text means. */
function look() {
  const text = editor.value();
  const { ok, errors, protocols } = check(text);
  editor.underline(errors);
  showVerdict(ok, errors, protocols);
  const old = protocol;
  protocol = ok ? Protocol.read(text) : undefined;
  show(text);
  run.use(protocol);
  old?.free();
}

function showVerdict(ok, errors, protocols) {
  const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
  by("verdict").classList.toggle("wrong", !ok);
  by("verdict").textContent = ok ? `${count(protocols.length, "protocol")}, sound` : count(errors.length, "mistake");
  const mistake = (wrong) => {
    const place = `${wrong.line}:${wrong.column}`;
    const more = wrong.text.slice(wrong.message.length).trimEnd().replace(/^\n+/, "");
    const button = make("button", { type: "button", click: () => editor.select(wrong) }, `${place} ${wrong.message}`);
    return make("li", {}, button, ...(more === "" ? [] : [make("pre", { class: "text", tabindex: "0" }, more)]));
  };
  by("errors").replaceChildren(...errors.map(mistake));
}

function show(text) {
  const drawn = sketch(text);
  const nothing = () => make("p", { class: "faint" }, "A protocol without mistakes has more to show.");
  by("diagram").replaceChildren(drawn === undefined ? nothing() : picture(drawn));
  const pre = (text, kind = "text") => make("pre", { class: kind }, text);
  by("bytecode").replaceChildren(protocol === undefined ? nothing() : pre(protocol.disassembly()));
  by("types").replaceChildren(protocol === undefined ? nothing() : pre(protocol.declarations()));
  const role = (name) => [
    make("h2", {}, name),
    pre(protocol.localType(name), "text wrapped"),
    picture(protocol.stateDiagram(name)),
  ];
  by("roles").replaceChildren(...(protocol?.roles.flatMap(role) ?? [nothing()]));
}

async function keep() {
  history.replaceState(null, "", await toHash(editor.value()));
}

async function open(path) {
  const response = await fetch(`examples/${path}`);
  if (!response.ok) throw new Error(`there is no example ${path}`);
  editor.write(await response.text());
  look();
}

/** The text in the address, or else the first example. */
async function begin() {
  let text;
  try {
    text = await fromHash(location.hash);
  } catch {
    by("copied").textContent = "The link cannot be read: it is cut off or altered.";
  }
  if (text === undefined) return open(FIRST);
  editor.write(text);
  look();
}

async function listExamples() {
  const paths = (await (await fetch("examples/list.txt")).text()).trim().split("\n");
  for (const [group, label] of Object.entries(GROUPS)) {
    const own = paths.filter((path) => path.startsWith(`${group}/`));
    const option = (path) => make("option", { value: path }, path.split("/")[1].replace(".tell", "").replaceAll("_", " "));
    by("examples").append(make("optgroup", { label }, ...own.map(option)));
  }
}

by("examples").addEventListener("change", async (event) => {
  if (event.target.value === "") return;
  await open(event.target.value);
  await keep();
});
by("copy").addEventListener("click", async () => {
  await keep();
  try {
    await navigator.clipboard.writeText(location.href);
    by("copied").textContent = "Copied.";
  } catch {
    by("copied").textContent = "The link is in the address bar.";
  }
});
editor.onTyping(
  () => {
    by("copied").textContent = "";
    delete document.body.dataset.ready;
  },
  async () => {
    look();
    await keep();
    document.body.dataset.ready = "true";
  },
);
addEventListener("hashchange", begin);
addEventListener("error", () => {
  by("verdict").textContent = "Something has gone wrong in this page: load it again.";
});

await init();
await listExamples();
await begin();
document.body.dataset.ready = "true";
