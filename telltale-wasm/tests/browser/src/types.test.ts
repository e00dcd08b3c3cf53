// What does not compile: each `@ts-expect-error` is an error of its own where the next line is right.

import { Protocol, VM, check, type ProtocolError } from "telltale-wasm";
import type { Alice, Bob, Roles, Verdict } from "./two_buyer.js";
import { equal, test } from "./harness.js";

/** Compiled, and never called. */
function refused(vm: VM, protocol: Protocol<Roles>, roles: Roles): void {
  // @ts-expect-error: a method is missing
  const incomplete: Alice = { title: () => "Faust" };
  // @ts-expect-error: a quote is a `bigint`
  const narrow: Bob["onQuote"] = (quote: number) => void quote;
  // @ts-expect-error: there is no such branch
  const unknown: Verdict = "Refuse";
  // @ts-expect-error: a branch with a payload is no string
  const bare: Verdict = "Accept";
  // @ts-expect-error: a field is missing
  const short: Verdict = { Accept: { address: "Davos" } };
  // @ts-expect-error: a role is missing, and there is no handler
  vm.open(protocol, { Alice: roles.Alice });
  // @ts-expect-error: there is no such role
  vm.open(protocol, { ...roles, Carol: {} }, { choose: () => 0, Carol: 1 });
  // @ts-expect-error: there is no such policy
  new VM({ policy: "fair" });
  // @ts-expect-error: machines come from `new`, protocols from texts and images
  new Protocol();
  void [incomplete, narrow, unknown, bare, short];
}

/** What has to compile. */
function accepted(vm: VM, protocol: Protocol<Roles>, roles: Roles): Promise<string> {
  const verdicts: Verdict[] = ["Decline", { Counter: 1 }, { Counter: 1n }, { Accept: { address: "Davos", copies: 1 } }];
  const late: Bob["verdict"] = async () => verdicts[0]!;
  vm.open(protocol, { ...roles, Bob: { ...roles.Bob, verdict: late } });
  vm.open(protocol, { Bob: roles.Bob }, { choose: (branches) => branches.length - 1 });
  using session = vm.open(Protocol.fromImage(protocol.toBytes()), null, { choose: async () => ({ branch: 0, payload: 1 }) });
  session.cancel();
  try {
    vm.run();
  } catch (error) {
    const { errors } = error as ProtocolError;
    return Promise.resolve(errors[0]?.role ?? check("").errors[0]!.condition);
  }
  return vm.play(3);
}

test("what is declared was compiled against", () => {
  equal([typeof refused, typeof accepted], ["function", "function"]);
});
