// Role objects, typed by what the package declares of a protocol.

import { Protocol, VM, type Context, type Session, type SessionError } from "telltale-wasm";
import type { Alice, Bob, Roles, Seller, Verdict } from "./two_buyer.js";
import { equal, ok, rejected, test, thrown } from "./harness.js";

const text = await (await fetch("/two_buyer.tell")).text();
const declared = await (await fetch("/two_buyer.ts")).text();
const protocol = Protocol.read<Roles>(text);

/** Haggles until the share is small enough. */
class Buyer implements Alice {
  #share = 90n;
  heard: unknown[] = [];
  title(): string {
    return "Der Zauberberg";
  }
  onQuote(quote: bigint): void {
    this.heard.push(quote);
  }
  share(): bigint {
    return this.#share;
  }
  onCounter(counter: bigint): void {
    this.#share = counter;
  }
  onAccept(accept: { address: string; copies: number }): void {
    this.heard.push(accept);
  }
  onDecline(): void {
    this.heard.push("declined");
  }
}

function bob(verdict: (share: bigint, cx: Context) => Verdict | Promise<Verdict>): Bob & { delivered?: unknown } {
  let last = 0n;
  return {
    onQuote() {},
    onShare(share) {
      last = share;
    },
    verdict: (cx) => verdict(last, cx),
    onDelivery(date) {
      this.delivered = date;
    },
  } as Bob & { delivered?: unknown };
}

class Shop implements Seller {
  heard: unknown[] = [];
  onTitle(title: string): void {
    this.heard.push(title);
  }
  quote(): number {
    return 100;
  }
  onAccept(accept: { address: string; copies: number }): void {
    this.heard.push(accept);
  }
  onDecline(): void {
    this.heard.push("declined");
  }
  delivery(): Date {
    return new Date(0);
  }
}

const accept: Verdict = { Accept: { address: "Davos", copies: 2 } };

test("what is declared is what this was compiled against", () => {
  equal(protocol.declarations(), declared);
  ok(declared.includes("   * What Alice pays.\n"), "the protocol's documentation");
});

test("role objects play a session", () => {
  const [alice, shop] = [new Buyer(), new Shop()];
  const other = bob((share) => (share > 50n ? { Counter: 50 } : accept));
  const vm = new VM();
  const session = vm.open(protocol, { Alice: alice, Bob: other, Seller: shop });
  equal(session.status, "active");
  equal(vm.run(), "complete");
  equal([session.status, session.error, session.roles()], ["closed", undefined, []]);
  const heard = { address: "Davos", copies: 2 };
  equal(alice.heard, [100n, heard]);
  equal(shop.heard, ["Der Zauberberg", heard]);
  ok(other.delivered instanceof Date, "an object that only its author knows, as it was");
});

test("a decision without payload is a string, and is given once to all its receivers", () => {
  const [alice, shop] = [new Buyer(), new Shop()];
  const vm = new VM();
  vm.open(protocol, { Alice: alice, Bob: bob(() => "Decline"), Seller: shop });
  equal(vm.run(), "complete");
  equal([alice.heard, shop.heard], [[100n, "declined"], ["Der Zauberberg", "declined"]]);
});

test("answers may be promises", async () => {
  const later = <T>(value: T): Promise<T> => new Promise((kept) => setTimeout(() => kept(value), 1));
  const alice = new Buyer();
  const told: string[] = [];
  const slow: Alice = {
    title: () => later("Buddenbrooks"),
    onQuote: async () => {
      await later(0);
      told.push("quote");
    },
    share: () => later(alice.share()),
    onCounter: async (counter) => {
      await later(0);
      alice.onCounter(counter);
    },
    onAccept: () => later(undefined),
    onDecline() {},
  };
  const vm = new VM();
  const shop = new Shop();
  const roles = {
    Alice: slow,
    Bob: bob((share) => (told.push(`share ${share}`), later(share > 50n ? { Counter: 50n } : accept))),
    Seller: shop,
  };
  const session = vm.open(protocol, roles);
  equal(vm.run(), "waiting");
  equal(session.roles().find((role) => role.role === "Alice")?.status, "handler");
  equal(await vm.play(), "complete");
  equal(told, ["quote", "share 90", "share 50"]);
  equal(shop.heard[0], "Buddenbrooks");
  // Promises do not change what happens.
  const at_once = new VM();
  at_once.open(protocol, { Alice: new Buyer(), Bob: bob((share) => (share > 50n ? { Counter: 50 } : accept)), Seller: new Shop() });
  at_once.run();
  const untimed = (vm: VM): unknown => vm.trace().map(({ tick, ...event }) => JSON.stringify(event)).sort();
  equal(untimed(vm), untimed(at_once));
});

test("what a role throws is the cause of the error", () => {
  const mistake = new Error("no book for you");
  const vm = new VM();
  const throwing = bob(() => {
    throw mistake;
  });
  const bad = vm.open(protocol, { Alice: new Buyer(), Bob: throwing, Seller: new Shop() });
  const good = vm.open(protocol, { Alice: new Buyer(), Bob: bob(() => "Decline"), Seller: new Shop() });
  const error = thrown<SessionError>(() => vm.run(), "SessionError", /^session #0: .*`Bob`.*no book for you/);
  ok(error.cause === mistake, "what was thrown, itself");
  equal([error.session, error.role, error.others], [0, "Bob", []]);
  equal(JSON.parse(JSON.stringify(error)).session, 0);
  ok(bad.error === error, "the same error at the session");
  equal([bad.status, good.status], ["faulted", "closed"]);
  equal(vm.run(), "complete");
});

test("several failures are told at once", () => {
  const vm = new VM();
  for (const what of ["one", "two"]) {
    const throwing = bob(() => {
      throw what;
    });
    vm.open(protocol, { Alice: new Buyer(), Bob: throwing, Seller: new Shop() });
  }
  const error = thrown<SessionError>(() => vm.run(), "SessionError", /^session #0: .*one/);
  equal([error.cause, error.others?.map((other) => other.cause)], ["one", ["two"]]);
});

test("a promise that is broken is the cause of the error", async () => {
  const vm = new VM();
  const broken = bob(() => Promise.reject(new RangeError("never")));
  const session = vm.open(protocol, { Alice: new Buyer(), Bob: broken, Seller: new Shop() });
  const error = await rejected<SessionError>(vm.play(), "SessionError", /RangeError: never/);
  ok(error.cause instanceof RangeError, "what it was broken with");
  equal(session.status, "faulted");
});

test("a role that gives up what it is told cancels its session", async () => {
  const vm = new VM();
  const alice = new Buyer();
  alice.onQuote = () => Promise.reject("too dear") as unknown as void;
  const session = vm.open(protocol, { Alice: alice, Bob: bob(() => "Decline"), Seller: new Shop() });
  const error = await rejected<SessionError>(vm.play(), "SessionError", /`Alice` gave up .*too dear/);
  equal([error.role, error.cause, session.status], ["Alice", "too dear", "cancelled"]);
  equal(vm.progress, "complete");
});

test("payloads are compared with their types", () => {
  const give = (quote: unknown): VM => {
    const vm = new VM();
    const shop = new Shop();
    shop.quote = () => quote as number;
    vm.open(protocol, { Alice: new Buyer(), Bob: bob(() => "Decline"), Seller: shop });
    return vm;
  };
  const wrong = (quote: unknown, message: RegExp): void => {
    thrown(() => give(quote).run(), "SessionError", message);
  };
  wrong("7", /invalid payload of `Quote\(u64\)`: expected an integer \(`u64`\), found a string/);
  wrong(1.5, /found the number 1\.5/);
  wrong(-1, /found -1, which is out of its range/);
  wrong(2 ** 53, /found the number 9007199254740992, which is not exact/);
  wrong(2n ** 64n, /found 18446744073709551616, which is out of its range/);
  wrong(undefined, /found `undefined`/);
  equal(give(2n ** 64n - 1n).run(), "complete");
});

test("records have their properties and no others", () => {
  const decide = (verdict: unknown, message: RegExp): void => {
    const vm = new VM();
    vm.open(protocol, { Alice: new Buyer(), Bob: bob(() => verdict as Verdict), Seller: new Shop() });
    thrown(() => vm.run(), "SessionError", message);
  };
  decide({ Accept: { address: "Davos" } }, /`copies`: expected an integer \(`u8`\), found `undefined`/);
  decide({ Accept: { address: "Davos", copies: 256 } }, /found 256, which is out of its range/);
  decide({ Accept: { address: "Davos", copies: 1, gift: true } }, /found one that has `gift`/);
  decide({ Accept: { address: "\ud800", copies: 1 } }, /half of a surrogate pair/);
  decide("Accept", /expected an object with `address`, `copies`, found `undefined`/);
  decide("Refuse", /expected `Accept` or `Counter` or `Decline` of `verdict`, found `Refuse`/);
  decide({ Decline: undefined, Counter: 1 }, /found an object with 2 properties/);
  decide(7, /found the number 7/);
});

test("objects have to be complete", () => {
  const vm = new VM();
  const roles = { Alice: new Buyer(), Bob: bob(() => "Decline"), Seller: new Shop() };
  const open = (changed: object) => () => vm.open(protocol, { ...roles, ...changed } as Roles);
  thrown(open({ Bob: {} }), "TypeError", "the role object of `Bob` has no methods `onDelivery`, `onQuote`, `onShare`, `verdict`");
  thrown(open({ Bob: undefined }), "TypeError", "nobody plays `Bob`: there is no role object, and no handler");
  thrown(open({ Bob: 7 }), "TypeError", "expected a role object for `Bob`, found the number 7");
  thrown(open({ Carol: {} }), "TypeError", "the protocol has no role `Carol`; there is `Alice`, `Bob`, `Seller`");
  thrown(() => vm.open(protocol, 7 as never), "TypeError", /^expected an object with a property for each role/);
  equal(vm.progress, "complete");
});

test("a method that every object has is none of a role", () => {
  const odd = Protocol.read("protocol Odd(A, B) { A -> B: ToString(u8); }");
  thrown(() => new VM().open(odd, { A: {}, B: { onToString() {} } }), "TypeError", /no method `toString`/);
});

test("a handler plays roles that have no object", () => {
  const vm = new VM({ seed: 3 });
  const seen: string[] = [];
  const session: Session = vm.open(protocol, { Seller: new Shop() }, {
    send: (cx) => (seen.push(`${cx.role} ${cx.label} ${cx.peer}`), ({ Title: "Faust", Share: 1 })[cx.label!]),
    choose: (branches) => branches.findIndex((branch) => branch.label === "Decline"),
  });
  equal(vm.run(), "complete");
  equal(session.status, "closed");
  equal(seen, ["Alice Title Seller", "Alice Share Bob", "Bob Decline Alice"]);
});

test("what a machine calls cannot call it", () => {
  const vm = new VM();
  let error: unknown;
  const other = bob(() => {
    try {
      vm.run();
    } catch (caught) {
      error = caught;
    }
    return "Decline";
  });
  vm.open(protocol, { Alice: new Buyer(), Bob: other, Seller: new Shop() });
  equal(vm.run(), "complete");
  thrown(() => { throw error; }, "MachineError", "the machine is running: what it calls cannot call it");
});

test("a run can be stepped, and says who waits for whom", () => {
  const vm = new VM({ quantum: 1 });
  const session = vm.open(protocol, { Alice: new Buyer(), Bob: bob(() => accept), Seller: new Shop() });
  const bobs = () => session.roles()[1]!;
  equal([bobs().status, bobs().waitsFor], ["ready", []]);
  while (bobs().status === "ready") vm.step();
  equal(bobs(), { role: "Bob", lane: 0, status: "message", pc: 0, waitsFor: ["Seller"], mayRest: false });
  let steps = 0;
  while (vm.step().turns > 0) steps += 1;
  ok(steps > 10, `many steps, not ${steps}`);
  equal([vm.progress, session.status], ["complete", "closed"]);
});

test("a session can be cancelled and closed", () => {
  const vm = new VM();
  const roles = (): Roles => ({ Alice: new Buyer(), Bob: bob(() => ({ Counter: 1 })), Seller: new Shop() });
  const endless = vm.open(protocol, roles());
  equal(vm.run(10), "out-of-fuel");
  endless.cancel("enough");
  equal([endless.status, endless.error?.message], ["cancelled", "session #0: the session was cancelled: enough"]);
  thrown(() => endless.cancel(), "MachineError", /^session #0 has ended/);
  const closed = vm.open(protocol, roles());
  vm.run(10);
  closed.close();
  vm.run();
  equal(closed.status, "closed");
});

test("roles that do several things at once promise several things at once", async () => {
  const par = Protocol.read(`protocol Both(A, B) {
      par { A -> B: Left(u8); B -> A: LeftDone; } and { A -> B: Right(u8); B -> A: RightDone; }
  }`);
  const later = (value: number, after: number): Promise<number> =>
    new Promise((kept) => setTimeout(() => kept(value), after));
  const heard: unknown[] = [];
  const vm = new VM();
  const hear = (what: string) => async (payload: unknown) => {
    await later(0, 3);
    heard.push([what, payload]);
  };
  vm.open(par, {
    A: { left: () => later(1, 10), right: () => later(2, 1), onLeftDone() {}, onRightDone() {} },
    B: { onLeft: hear("left"), onRight: hear("right") },
  });
  equal(await vm.play(), "complete");
  equal(heard, [["right", 2], ["left", 1]]);
});

test("what throws when it is looked at leaves the machine whole", () => {
  const looked = (): never => {
    throw new Error("looked at");
  };
  const traps: ProxyHandler<object> = {
    get: looked, has: looked, ownKeys: looked, getPrototypeOf: looked, getOwnPropertyDescriptor: looked,
  };
  const nasty = new Proxy({}, traps);
  const revoked = Proxy.revocable([], {});
  revoked.revoke();
  const getter = { get address(): string { throw new Error("no"); }, copies: 1 };
  const given: unknown[] = [
    nasty, new Proxy([], traps), revoked.proxy, { Accept: nasty }, { Accept: revoked.proxy }, { Accept: getter }, { Counter: nasty },
    Object.create(null), Symbol("no"), () => 1,
  ];
  const vm = new VM();
  for (const verdict of given) {
    vm.open(protocol, { Alice: new Buyer(), Bob: bob(() => verdict as Verdict), Seller: new Shop() });
    thrown(() => vm.run(), "SessionError", /`Bob`/);
  }
  for (const what of [Object.create(null), revoked.proxy, Object.freeze(new Error("cold")), undefined, Symbol("no"), nasty]) {
    const throwing = bob(() => {
      throw what;
    });
    vm.open(protocol, { Alice: new Buyer(), Bob: throwing, Seller: new Shop() });
    const error = thrown<SessionError>(() => vm.run(), "SessionError", /`Bob`/);
    ok(Object.is(error.cause, what), "what was thrown, itself");
  }
  thrown(() => vm.open(protocol, nasty as never), "TypeError", /^nobody plays|^expected an object/);
  equal(vm.run(), "complete");
});

test("a machine that is running cannot be given back", () => {
  const vm = new VM();
  let error: unknown;
  const other = bob(() => {
    try {
      vm.free();
    } catch (caught) {
      error = caught;
    }
    return "Decline";
  });
  vm.open(protocol, { Alice: new Buyer(), Bob: other, Seller: new Shop() });
  equal(vm.run(), "complete");
  ok(error instanceof Error, "an error");
});

test("arrays are compared element by element", () => {
  const many = Protocol.read("protocol Many(A, B) { A -> B: All(Vec<u64>, (u8, Option<char>)); }");
  const heard: unknown[] = [];
  const play = (all: unknown): string => {
    const vm = new VM();
    vm.open(many, { A: { all: () => all }, B: { onAll: (all: unknown) => void heard.push(all) } });
    return vm.run();
  };
  equal(play([[1, 2n], [3, undefined]]), "complete");
  equal(play([[], [3, "𝄞"]]), "complete");
  equal(heard, [[[1n, 2n], [3, undefined]], [[], [3, "𝄞"]]]);
  const wrong = (all: unknown, message: RegExp): void => void thrown(() => play(all), "SessionError", message);
  wrong([[1, -1], [3]], /at 0: at 1: .*found -1/);
  wrong([[1], [3]], /at 1: expected an array of 2, found one of 1/);
  wrong([[1], [3, "ab"]], /at 1: at 1: expected a string of one character/);
  wrong([new Array(4_000_000_000), [3, "a"]], /at 0: at 0: .*found `undefined`/);
  wrong({ 0: [], 1: [] }, /expected an array of 2, found an object/);
});

test("what can be waited for is a promise, whoever made it", async () => {
  const thenable = (value: Verdict) => ({ then: (kept: (value: Verdict) => void) => setTimeout(() => kept(value), 1) });
  const vm = new VM();
  const shop = new Shop();
  vm.open(protocol, { Alice: new Buyer(), Bob: bob(() => thenable("Decline") as never), Seller: shop });
  equal(await vm.play(), "complete");
  equal(shop.heard.at(-1), "declined");
  const broken = {
    get then(): never {
      throw new Error("looked at");
    },
  };
  vm.open(protocol, { Alice: new Buyer(), Bob: bob(() => broken as never), Seller: new Shop() });
  await rejected(vm.play(), "SessionError", /`Bob`/);
});

test("many sessions wait for many promises, and none for another's", async () => {
  const vm = new VM({ policy: "random", seed: 11 });
  let draw = 1;
  const later = <T>(value: T): T | Promise<T> => {
    draw = (draw * 48271) % 2147483647;
    return draw % 3 === 0 ? value : new Promise((kept) => setTimeout(() => kept(value), draw % 7));
  };
  const all = Array.from({ length: 60 }, (_, at) => {
    const [alice, shop] = [new Buyer(), new Shop()];
    const slow: Alice = {
      title: () => later(`book ${at}`),
      onQuote: () => later(undefined),
      share: () => later(alice.share()),
      onCounter: (counter) => later(alice.onCounter(counter)),
      onAccept: () => later(undefined),
      onDecline: () => later(undefined),
    };
    const other = bob((share) => later<Verdict>(share > 50n ? { Counter: 50 } : at % 2 === 0 ? accept : "Decline"));
    const session = vm.open(protocol, { Alice: slow, Bob: other, Seller: shop });
    return { session, shop };
  });
  // Two that wait do not disturb each other.
  equal(await Promise.all([vm.play(), vm.play()]), ["complete", "complete"]);
  equal(all.map(({ session }) => session.status), all.map(() => "closed"));
  equal(all.map(({ shop }) => shop.heard[0]), all.map((_, at) => `book ${at}`));
});

test("a machine that is given back is let go of when its promises are done", async () => {
  const vm = new VM();
  let keep: (verdict: Verdict) => void = () => {};
  const late = bob(() => new Promise((kept) => (keep = kept)));
  const session = vm.open(protocol, { Alice: new Buyer(), Bob: late, Seller: new Shop() });
  const played = vm.play();
  await Promise.resolve();
  vm.free();
  keep("Decline");
  equal(await played, "complete");
  equal(session.status, "closed");
  session.free();
});
