// Runs that a program has made with the same machine, once more.

import { Protocol, VM, type Branch, type Context, type Options } from "telltale-wasm";
import { equal, ok, test } from "./harness.js";

interface Compared {
  file: string;
  text: string;
  hash: string;
  runs: { options: Options; rounds: number; log: string[]; trace: unknown[] }[];
}

/** The parts of a list that are in no brackets. */
function parts(list: string): string[] {
  const parts: string[] = [];
  let [depth, part] = [0, ""];
  for (const sign of list) {
    if ("(<[{".includes(sign)) depth += 1;
    if (")>]}".includes(sign)) depth -= 1;
    if (sign === "," && depth === 0) parts.push(part), (part = "");
    else part += sign;
  }
  return [...parts, part].map((part) => part.trim()).filter((part) => part !== "");
}

/** The payload that a draw stands for: `sample` in `examples/traces.rs`. */
function sample(type: string, draw: number): unknown {
  if (type === "()") return undefined;
  if (type === "bool") return draw % 2 === 1;
  if (/^i(8|16|32|64|size)$/.test(type)) return (draw % 128) - 64;
  if (/^u(8|16|32)$/.test(type)) return draw % 256;
  if (/^u(64|size)$/.test(type)) return BigInt(draw) * 2047n;
  if (/^f(32|64)$/.test(type)) return (draw % 1000) / 8;
  if (type === "char") return String.fromCharCode(97 + (draw % 26));
  if (type === "String") return `𝄞${draw}`;
  if (type === "Vec<u8>") {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(draw), true);
    return bytes;
  }
  const inner = type.slice(type.search(/[({<[]/) + 1, -1);
  if (type.startsWith("(")) return parts(inner).map((type) => sample(type, draw));
  if (type.startsWith("{")) {
    const field = (field: string): [string, unknown] => {
      const [name, ...type] = field.split(":");
      return [name!.trim().replace(/^r#/, ""), sample(type.join(":").trim(), draw)];
    };
    return Object.fromEntries(parts(inner).map(field));
  }
  if (type.startsWith("Vec<")) return [sample(inner, draw), sample(inner, draw)];
  if (type.startsWith("Option<")) return sample(inner, draw);
  return { of: type };
}

/** A payload in words that Rust has as well; what the machine does not know is something. */
function shown(payload: unknown, type: string): string {
  if (payload instanceof Uint8Array) return [...payload].join(",");
  const is_known = /^(\(\)|bool|[iu](8|16|32|64|size)|f32|f64|char|String)$/.test(type);
  return is_known ? String(payload) : "something";
}

/** Decides by draws, and keeps a line of what it is asked and told. */
class ByDraw {
  log: string[] = [];
  constructor(private readonly payloads: Map<string, string>) {}

  send(cx: Context): unknown {
    this.log.push(`${cx.role} ${cx.count} sends with ${cx.draw}`);
    return sample(this.payloads.get(cx.label!)!, cx.draw);
  }
  receive(payload: unknown, cx: Context): void {
    this.log.push(`${cx.role} ${cx.count} receives ${cx.label} ${shown(payload, this.payloads.get(cx.label!)!)}`);
  }
  choose(branches: Branch[], cx: Context): { branch: number; payload: unknown } {
    this.log.push(`${cx.role} ${cx.count} chooses with ${cx.draw}`);
    const branch = cx.draw % branches.length;
    return { branch, payload: sample(branches[branch]!.payload, cx.draw) };
  }
}

const compared = (await (await fetch("/traces.json")).json()) as Compared[];

function compare(one: Compared, protocol: Protocol<any>, run: Compared["runs"][number]): void {
  const handler = new ByDraw(new Map(protocol.messages.map(({ label, payload }) => [label, payload])));
  const vm = new VM(run.options);
  vm.open(protocol, null, handler);
  vm.open(protocol, null, handler);
  vm.run(run.rounds);
  const what = `${one.file} with ${JSON.stringify(run.options)}`;
  equal(handler.log, run.log, `${what}: what is asked and told`);
  equal(vm.trace(), run.trace, `${what}: the trace`);
  vm.free();
}

test("the corpus is here", () => {
  const runs = compared.flatMap((one) => one.runs);
  ok(compared.length > 60 && runs.length === 5 * compared.length, `many protocols, not ${compared.length}`);
  ok(runs.every((run) => run.trace.length > 4), "traces with something in them");
});

for (const one of compared) {
  test(`the runs of ${one.file}`, () => {
    const protocol = Protocol.read(one.text);
    equal(protocol.hash, one.hash);
    for (const run of one.runs) compare(one, protocol, run);
    // The same through both forms of the image.
    const [run] = one.runs;
    compare(one, Protocol.fromImage(protocol.toBytes()), run!);
    compare(one, Protocol.fromImage(JSON.stringify(protocol)), run!);
    protocol.free();
  });
}
