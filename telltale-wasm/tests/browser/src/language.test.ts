// Verdicts, pictures, images and numbers.

import { Protocol, VM, check, entropy, sketch, type ImageError, type ProtocolError } from "telltale-wasm";
import { equal, memory, ok, test, thrown } from "./harness.js";

const ping = "protocol Ping(Alice, Bob) { Alice -> Bob: Ping; Bob -> Alice: Pong(u64); }";

test("a verdict on a sound text", () => {
  equal(check(ping), { ok: true, errors: [], protocols: [{ name: "Ping", roles: ["Alice", "Bob"], ok: true }] });
});

test("mistakes have their place, also behind what JavaScript counts twice", () => {
  const text = "/// 𝄞\nprotocol Ping(Alice, Bob) { /* 𝄞 */ Alice -> Bbo: Ping; }";
  const { ok: is_ok, errors } = check(text);
  equal([is_ok, errors.length], [false, 1]);
  const [wrong] = errors;
  equal(text.slice(wrong!.start, wrong!.end), "Bbo");
  equal([wrong!.condition, wrong!.line, wrong!.column], ["language", 2, 46]);
  equal([wrong!.message, wrong!.help], ["unknown role `Bbo`", "there is `Bob`"]);
});

test("a role that cannot know is named, with the condition", () => {
  const text = `protocol P(A, B, C) {
      choice at A { A -> B: Yes; B -> C: Go; } or { A -> B: No; C -> B: Stop; }
  }`;
  const { errors, protocols } = check(text);
  equal(errors.map((wrong) => [wrong.condition, wrong.role]), [["send", "C"]]);
  ok(errors[0]!.notes.length > 1, "more than one place");
  equal(protocols[0]!.ok, false);
  const error = thrown<ProtocolError>(() => Protocol.read(text), "ProtocolError", /^line 2, column \d+: /);
  equal(error.errors, errors);
});

test("one protocol of several", () => {
  const text = `${ping} protocol Twice(A, B) { do Ping(A, B); do Ping(A, B); }`;
  equal([Protocol.read(text).name, Protocol.read(text, "Ping").name], ["Twice", "Ping"]);
  thrown(() => Protocol.read(text, "Pong"), "RangeError", "there is no protocol `Pong`; expected `Ping`, `Twice`");
  thrown(() => Protocol.read(""), "ProtocolError", /./);
});

test("texts for people", () => {
  const protocol = Protocol.read(ping);
  equal(protocol.roles, ["Alice", "Bob"]);
  equal(protocol.globalType, "Alice→Bob:Ping. Bob→Alice:Pong(u64). end");
  equal(protocol.localType("Bob"), "Alice?Ping. Alice!Pong(u64). end");
  equal(protocol.program("Alice"), ["send Bob!Ping", "recv Bob?Pong(u64)", "halt"]);
  ok(protocol.disassembly().includes("send    Bob!Ping"), "the program of Alice");
  thrown(() => protocol.localType("Carol"), "RangeError", "the protocol has no role `Carol`; there is `Alice`, `Bob`");
});

test("pictures can be shown", () => {
  const protocol = Protocol.read(ping);
  const pictures = [protocol.sequenceDiagram(), protocol.stateDiagram(), protocol.stateDiagram("Bob"), sketch(ping)!];
  for (const picture of pictures) {
    const svg = new DOMParser().parseFromString(picture, "image/svg+xml");
    equal(svg.documentElement.tagName, "svg");
  }
  ok(protocol.sequenceDiagram("mermaid").startsWith("sequenceDiagram"), "Mermaid");
  ok(protocol.stateDiagram("Bob", "dot").startsWith("digraph"), "DOT");
  thrown(() => protocol.sequenceDiagram("png" as never), "RangeError", /^unknown format `png`/);
  ok(sketch("protocol P(A, B) { A -> C: X; A -> B: Y; }")!.includes("Y"), "what can be understood");
  equal(sketch("protocol"), undefined);
});

test("images come from anybody", () => {
  const protocol = Protocol.read(ping);
  const bytes = protocol.toBytes();
  const read = Protocol.fromImage(bytes);
  equal([read.hash, read.name, read.roles], [protocol.hash, undefined, protocol.roles]);
  equal(Protocol.fromImage(JSON.stringify(protocol)).hash, protocol.hash);
  for (let at = 0; at < bytes.length; at += 1) {
    const altered = bytes.slice();
    altered[at]! ^= 0x15;
    try {
      ok(Protocol.fromImage(altered).hash !== protocol.hash, "another hash, if any");
    } catch (error) {
      equal((error as ImageError).name, "ImageError");
    }
  }
  thrown(() => Protocol.fromImage("{"), "ImageError", /^invalid image: /);
  thrown(() => Protocol.fromImage(7 as never), "TypeError", /found the number 7$/);
  thrown(() => new VM().open(read, { Alice: {} } as never), "TypeError", /^nobody plays `Bob`/);
  const objects = { Alice: {}, Bob: {} } as never;
  thrown(() => new VM().open(read, objects), "TypeError", /^an image does not say what its choices are called/);
  thrown(() => read.declarations(), "TypeError", /^an image does not say/);
});

test("seeds are exact", () => {
  equal(new VM({ seed: Number.MAX_SAFE_INTEGER }).seed, Number.MAX_SAFE_INTEGER);
  const seeds = [entropy(), entropy(), entropy()];
  ok(seeds.every((seed) => Number.isSafeInteger(seed) && seed >= 0), `whole numbers, not ${seeds}`);
  ok(new Set(seeds).size === 3, "different ones");
  for (const seed of [2 ** 53, -1, 1.5, "7" as never, Number.NaN]) {
    thrown(() => new VM({ seed }), "RangeError", "expected a whole number from 0 to 2^53 - 1 as `seed`");
  }
  thrown(() => new VM({ capcity: 1 } as never), "RangeError", /^unknown field `capcity`/);
  thrown(() => new VM(7 as never), "TypeError", "expected options, found the number 7");
});

test("texts from anybody neither end the module nor overflow its stack", () => {
  const deep = (open: string, close: string, times: number): string => open.repeat(times) + close.repeat(times);
  const texts = [
    deep("{", "}", 100_000),
    `protocol P(A, B) { A -> B: X(${deep("Vec<", ">", 50_000).replace("<>", "<u8>")}); }`,
    `protocol P(A, B) { A -> B: X([u8; ${deep("(", ")", 20_000).replace("()", "(1)")}]); }`,
    `protocol P(A, B) { ${deep("loop {", "}", 20_000)} }`,
    `protocol P(A, B) { ${deep("choice at A {", "}", 5_000)} }`,
    `protocol P(A, B) { ${"A -> B: X; ".repeat(20_000)} }`,
    `protocol P(${Array.from({ length: 2_000 }, (_, at) => `R${at}`)}) { R0 -> R1: X; }`,
    "protocol P(A, B) { A -> B: X(\u0000); }",
    "\"",
    "/*".repeat(10_000),
    "\ud800",
  ];
  for (const text of texts) {
    check(text);
    sketch(text);
    try {
      Protocol.read(text).free();
    } catch (error) {
      equal((error as Error).name, "ProtocolError", text.slice(0, 60));
    }
  }
  equal(check(ping).ok, true);
});

test("memory comes back", () => {
  const round = (): void => {
    const protocol = Protocol.read(ping);
    const vm = new VM();
    const session = vm.open(protocol, null, { send: (cx) => (cx.label === "Pong" ? 1 : undefined), choose: () => 0 });
    vm.run();
    check("protocol");
    for (const it of [session, vm, protocol]) it.free();
  };
  const rounds = (count: number): number => {
    for (let at = 0; at < count; at += 1) round();
    return memory().byteLength;
  };
  const before = rounds(200);
  equal(rounds(1_000), before, "bytes");
});
