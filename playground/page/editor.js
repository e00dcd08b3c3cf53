// The text, with what is wrong underlined as one types. The letters of the mirror lie under those of the text and cannot be seen.
import { by, make } from "./element.js";

const [text, mirror] = [by("text"), by("mirror")];

export const value = () => text.value;

export function write(value) {
  text.value = value;
  underline([]);
}

/** Calls back when somebody types, and after a rest. */
export function onTyping(types, act) {
  let timer;
  text.addEventListener("input", () => {
    underline([]);
    types();
    clearTimeout(timer);
    timer = setTimeout(act, 150);
  });
}

/** Underlines places of the text. */
export function underline(places) {
  const all = text.value;
  const parts = [];
  let at = 0;
  for (const { start, end } of [...places].sort((one, other) => one.start - other.start)) {
    // What has no width is where something is missing.
    const [from, to] = [Math.max(at, Math.min(start, all.length - 1)), Math.max(end, start + 1)];
    if (from >= to) continue;
    parts.push(all.slice(at, from), make("mark", {}, all.slice(from, to)));
    at = to;
  }
  mirror.replaceChildren(...parts, `${all.slice(at)}\n`);
  follow();
}

/** Puts the cursor at a place. */
export function select({ start, end }) {
  text.focus();
  text.setSelectionRange(start, end);
  const lines = text.value.slice(0, start).split("\n").length - 1;
  text.scrollTop = Math.max(0, lines * parseFloat(getComputedStyle(text).lineHeight) - text.clientHeight / 2);
}

function follow() {
  mirror.scrollTop = text.scrollTop;
  mirror.scrollLeft = text.scrollLeft;
}

text.addEventListener("scroll", follow);
