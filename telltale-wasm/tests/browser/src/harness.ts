// A test is a function that throws. What `report` gives is read by `run.js`.

export interface Result {
  name: string;
  error?: string;
}

let module: WebAssembly.Memory;

export function use(memory: WebAssembly.Memory): void {
  module = memory;
}

/** The memory of the module. */
export function memory(): ArrayBuffer {
  return module.buffer;
}

const tests: [string, () => void | Promise<void>][] = [];

export function test(name: string, body: () => void | Promise<void>): void {
  tests.push([name, body]);
}

export async function report(): Promise<Result[]> {
  const results: Result[] = [];
  for (const [name, body] of tests) {
    try {
      await body();
      results.push({ name });
    } catch (error) {
      results.push({ name, error: error instanceof Error ? `${error.stack ?? error}` : String(error) });
    }
  }
  return results;
}

/** As JSON with its keys in order, and with what JSON does not have. */
function shown(value: unknown): string {
  const replace = (_: string, part: unknown): unknown => {
    if (typeof part === "bigint") return `${part}n`;
    if (part === undefined) return "(undefined)";
    if (part instanceof Uint8Array) return `bytes ${[...part]}`;
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)));
  };
  return JSON.stringify(value, replace);
}

export function equal(found: unknown, expected: unknown, what = ""): void {
  const [one, other] = [shown(found), shown(expected)];
  if (one === other) return;
  let at = 0;
  while (one[at] === other[at]) at += 1;
  const part = (text: string): string => text.slice(Math.max(0, at - 100), at + 200);
  throw new Error(`${what}\n   found: …${part(one)}\nexpected: …${part(other)}`);
}

export function ok(is: boolean, what: string): void {
  if (!is) throw new Error(`expected ${what}`);
}

/** The error that is thrown, which has to have a name and a message. */
export function thrown<E extends Error>(act: () => unknown, name: string, message: string | RegExp): E {
  try {
    act();
  } catch (error) {
    return expected<E>(error, name, message);
  }
  throw new Error(`expected a ${name}, and nothing was thrown`);
}

/** Likewise, for a promise that is broken. */
export async function rejected<E extends Error>(
  promise: Promise<unknown>,
  name: string,
  message: string | RegExp,
): Promise<E> {
  try {
    await promise;
  } catch (error) {
    return expected<E>(error, name, message);
  }
  throw new Error(`expected a ${name}, and the promise was kept`);
}

function expected<E extends Error>(error: unknown, name: string, message: string | RegExp): E {
  ok(error instanceof Error, `an Error, not ${String(error)}`);
  const found = error as E;
  equal(found.name, name, found.message);
  if (typeof message === "string") equal(found.message, message);
  else ok(message.test(found.message), `${message} in ${found.message}`);
  return found;
}
