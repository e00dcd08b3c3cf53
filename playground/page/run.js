// A run that is stepped: roles decide by draws, and you decide for one of them, or for all.
import { by, make } from "./element.js";
import { read, sample, shown } from "./payload.js";
import { VM } from "./telltale-wasm/telltale.js";

/** How many rounds "Run" runs: enough for every protocol that ends, and a page that answers where one does not. */
const ROUNDS = 500;
/** How many lines of the log are shown. */
const LINES = 300;

let protocol;
let vm;
let session;
let payloads;
let trouble;
/** The questions that nobody has answered, the first one shown. */
let questions = [];
/** Whether to go on when a question is answered. */
let runs = false;

/** Another protocol, or none. */
export function use(next) {
  const names = next?.roles ?? [];
  const before = by("you").value;
  const choices = [["", "nobody: decided by the seed"], ...names.map((name) => [name, name]), ["*", "everybody"]];
  by("you").replaceChildren(...choices.map(([value, text]) => make("option", { value }, text)));
  by("you").value = [...names, "*"].includes(before) ? before : (names[0] ?? "");
  protocol = next;
  payloads = new Map(next?.messages.map(({ label, payload }) => [label, payload]));
  start();
}

function start() {
  session?.free();
  vm?.free();
  [vm, session, trouble, questions, runs] = [undefined, undefined, undefined, [], false];
  if (protocol !== undefined) {
    const seed = by("seed").valueAsNumber;
    try {
      vm = new VM({ quantum: 1, recording: LINES * 4, seed: Number.isNaN(seed) ? 0 : seed });
      session = vm.open(protocol, null, handler(questions));
    } catch (error) {
      trouble = error;
    }
  }
  refresh();
}

/** Answers by draws, or asks; what is asked in a run that is over stays in the list of that run. */
function handler(questions) {
  const is_you = (cx) => by("you").value === "*" || by("you").value === cx.role;
  const ask = (question) =>
    new Promise((answer) => {
      questions.push({ ...question, answer });
    });
  return {
    send(cx) {
      const type = payloads.get(cx.label);
      const given = sample(type, cx.draw);
      if (type === "()" || !is_you(cx)) return given;
      return ask({ cx, branches: [{ label: cx.label, peer: cx.peer, payload: type }] }).then(({ payload }) => payload);
    },
    choose(branches, cx) {
      const branch = cx.draw % branches.length;
      if (!is_you(cx)) return { branch, payload: sample(branches[branch].payload, cx.draw) };
      return ask({ cx, branches });
    },
  };
}

/** Lets the machine act, and shows what came of it. */
function act(how) {
  if (session === undefined) return;
  try {
    how();
  } catch (error) {
    trouble = error;
  }
  refresh();
}

async function decide(question, branch, payload) {
  const mine = vm;
  questions.shift();
  question.answer({ branch, payload });
  // The machine hears of it when this is done.
  await new Promise((later) => setTimeout(later));
  if (mine !== vm) return;
  act(() => (runs ? vm.run(ROUNDS) : vm.step()));
  by("question").querySelector("button, input")?.focus();
}

function refresh() {
  const is_over = session === undefined || session.status !== "active";
  by("step").disabled = is_over || questions.length > 0;
  by("on").disabled = is_over || questions.length > 0;
  showQuestion(questions[0]);
  showProgress();
  // What a role could do at once, and does not now, is done.
  const busy = (session?.roles() ?? []).filter((role) => role.lane === 0 || role.status !== "done");
  by("who").replaceChildren(...busy.map(row));
  const events = vm?.trace() ?? [];
  by("log").replaceChildren(...events.slice(-LINES).map((event) => make("li", {}, line(event))));
}

function showProgress() {
  const progress = by("progress");
  progress.classList.toggle("wrong", trouble !== undefined);
  progress.textContent =
    trouble?.message ??
    (session === undefined
      ? "A protocol without mistakes can be run."
      : { closed: "The session is complete.", active: waiting() }[session.status] ?? `The session is ${session.status}.`);
}

function waiting() {
  if (questions.length > 0) return `${questions[0].cx.role} waits for you.`;
  return session.roles().some((role) => role.status === "ready") ? "Somebody can act." : session.toString();
}

function showQuestion(question) {
  const box = by("question");
  box.hidden = question === undefined;
  if (question === undefined) return box.replaceChildren();
  const { cx, branches } = question;
  const what = branches.length > 1 ? "decides" : "sends";
  box.replaceChildren(make("strong", {}, `${cx.role} ${what}:`), ...branches.map((branch, at) => answer(question, branch, at)));
}

/** A branch that can be taken, with its payload. */
function answer(question, { label, payload, peer }, at) {
  const input = make("input", { "aria-label": `${label}: ${payload}`, value: shown(sample(payload, question.cx.draw)) });
  const is_unit = payload === "()";
  const submit = (event) => {
    event.preventDefault();
    try {
      decide(question, at, is_unit ? undefined : read(payload, input.value));
    } catch {
      input.setCustomValidity(`This is no ${payload}.`);
      input.reportValidity();
    }
  };
  input.addEventListener("input", () => input.setCustomValidity(""));
  const hint = is_unit ? [] : [input, make("span", { class: "faint" }, payload)];
  return make("form", { submit }, make("button", {}, `${label} → ${peer}`), ...hint);
}

const states = {
  ready: "can act",
  handler: "waits for you",
  lanes: "does several things",
  done: "is done",
  paused: "is paused",
};

function row(role) {
  const waits = role.status === "room" ? "waits for room to" : "waits for";
  const state = states[role.status] ?? `${waits} ${role.waitsFor.join(" or ")}`;
  const name = role.lane > 0 ? `${role.role} / ${role.lane}` : role.role;
  const rest = role.mayRest ? [make("span", { class: "faint" }, " (or the end)")] : [];
  const next = role.status === "done" ? "" : (protocol.program(role.role)[role.pc] ?? "");
  return make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, make("code", {}, next)), make("td", {}, state, ...rest));
}

function line(event) {
  const { event: what, role, sender, receiver, label, why } = event;
  switch (what) {
    case "send":
      return `${sender} → ${receiver}: ${label}`;
    case "receive":
      return `${receiver} has received ${label} from ${sender}`;
    case "choose":
      return `${role} chooses ${label}`;
    case "halt":
      return `${role} is done`;
    case "fork":
      return `${role} begins ${event.lanes} things`;
    case "join":
      return `${role} has done ${event.lanes} things`;
    case "fault":
      return `the session faulted: ${why}`;
    default:
      return { open: "the session begins", close: "the session is complete" }[what] ?? what;
  }
}

by("controls").addEventListener("submit", (event) => {
  event.preventDefault();
  start();
});
by("you").addEventListener("change", start);
by("step").addEventListener("click", () => {
  runs = false;
  act(() => vm.step());
});
by("on").addEventListener("click", () => {
  runs = true;
  act(() => vm.run(ROUNDS));
});
