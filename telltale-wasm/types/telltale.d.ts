/** What is to be said of a text with protocols. It throws nothing: what is wrong is in `errors`. */
export function check(text: string): Verdict;

/**
 * The sequence diagram of a protocol as it is written, as SVG, even if it is refused: the picture may show why. `undefined` if the text
 * cannot be read as a protocol of this name (or any: then the last one is drawn).
 */
export function sketch(text: string, name?: string): string | undefined;

/** A seed that nobody can foresee, from the platform's `crypto`: a whole number below 2^53. */
export function entropy(): number;

/** A verdict. */
export interface Verdict {
  /** Whether every role of every protocol can play its part. */
  ok: boolean;
  /** The protocols of the text, in their order. */
  protocols: { name: string; roles: string[]; ok: boolean }[];
  /** What is wrong. */
  errors: Wrong[];
}

/** A place in a text. */
export interface Place {
  /** The line, from 1. */
  line: number;
  /** The column, from 1, in characters. */
  column: number;
  /** Where it begins: `text.slice(start, end)` is what is meant. */
  start: number;
  /** Where it ends. */
  end: number;
}

/** Something that is wrong with a protocol. */
export interface Wrong extends Place {
  /**
   * `language`: it is not written as it should be. `limit`: it is too large. Otherwise the condition that does not hold for `role`: it
   * does not know what to `send`, cannot tell what to `receive`, would do both (`mixed`), is not told of the end (`silent`), or of the
   * beginning (`fork`) or the end (`join`) of what it does at once.
   */
  condition: "language" | "limit" | "send" | "receive" | "mixed" | "silent" | "fork" | "join";
  /** The role that cannot know what to do. */
  role?: string;
  /** What is wrong, in one sentence. */
  message: string;
  /** What would help. */
  help?: string;
  /** All there is to say, on several lines. */
  text: string;
  /** Other places that matter. */
  notes: (Place & { message: string })[];
}

/** A protocol that can be played. `R` is the type of its role objects; `declarations` writes it. */
export class Protocol<R = RoleObjects> {
  private constructor();
  private readonly roleObjects: R;
  /**
   * Reads a text, in which all protocols have to be right, and gives the protocol of this name, or the last one.
   * @throws {ProtocolError} what is wrong with the text
   * @throws {RangeError} if there is no protocol of this name
   */
  static read<R = RoleObjects>(text: string, name?: string): Protocol<R>;
  /**
   * Reads an image: bytes that `toBytes` gave, or JSON. It is validated, so it may come from anybody. Its roles are played by a handler,
   * because an image does not say what choices are called.
   * @throws {ImageError} if it is none, or none that a compiler has made
   */
  static fromImage(image: Uint8Array | string): Protocol<never>;
  /** Its name; images have none. */
  readonly name: string | undefined;
  /** Its roles, in their order. */
  readonly roles: string[];
  /** Its messages, with the Rust types of what they carry. */
  readonly messages: { label: string; payload: string }[];
  /** What identifies it: the same for the same protocol everywhere. */
  readonly hash: string;
  /** The protocol seen from above, in the notation of the papers. */
  readonly globalType: string;
  /** The part of a role, likewise. */
  localType(role: string): string;
  /** The bytecode of all roles. */
  disassembly(): string;
  /** The bytecode of a role, one instruction each. */
  program(role: string): string[];
  /** Who sends what to whom. `svg` stands in a page and has its colours, `svg-file` stands alone. */
  sequenceDiagram(format?: "svg" | "svg-file" | "mermaid"): string;
  /** The states of a role, or of the whole protocol. */
  stateDiagram(role?: string, format?: "svg" | "svg-file" | "mermaid" | "dot"): string;
  /** A TypeScript module with the types of its roles: the type argument of `read` is its `Roles`. */
  declarations(packageName?: string): string;
  /** Its image in the compact form, for `fromImage` here and `UntrustedImage::from_bytes` in Rust. */
  toBytes(): Uint8Array;
  /** Its image as JSON. */
  toJSON(): unknown;
  /** Gives its memory back now, rather than when it is collected. */
  free(): void;
  [Symbol.dispose](): void;
}

/** How a machine is set up. */
export interface Options {
  /** Where all draws come from: a whole number below 2^53. 0 if nobody says it; `entropy()` is one that nobody can foresee. */
  seed?: number;
  /** Who runs next; `cooperative` if nobody says it. */
  policy?: "cooperative" | "round-robin" | "progress-aware" | "random";
  /** How many instructions a session executes before the next one has its turn; 64. With 1, a `step` is one instruction. */
  quantum?: number;
  /** How many messages a channel may hold; 64. */
  capacity?: number;
  /** What happens to a message for which there is no room; its sender waits (`block`). */
  whenFull?: "block" | "drop" | "error" | "resize";
  /** What a channel keeps: every message (`fifo`), or of equal ones in a row the last. */
  mode?: "fifo" | "latest-value";
  /** How many messages a channel may hold that grows. */
  maxBuffered?: number;
  /** How many sessions may be open at once. */
  maxSessions?: number;
  /** What a message means that nobody has received at the end. */
  leftover?: "fault" | "drop";
  /** What is recorded: nothing, everything, or so many events; 65,536. */
  recording?: "off" | "full" | number;
}

/** A machine: any number of sessions of any protocols. */
export class VM {
  /** @throws {RangeError} if an option means nothing */
  constructor(options?: Options);
  /**
   * Opens a session. Each role is played by its object; a role that has none by the handler.
   * @throws {TypeError} if a role has nobody, or an object has not all methods
   */
  open<R>(protocol: Protocol<R>, roles: R, handler?: null): Session;
  open<R>(protocol: Protocol<R>, roles: Partial<R> | null | undefined, handler: Handler): Session;
  /**
   * Lets sessions act until nobody can, or for so many rounds (a million). A role whose answer is a promise waits: `play` waits for it.
   * @throws {SessionError} if sessions faulted. All others have continued, and can go on.
   */
  run(rounds?: number): Progress;
  /** As `run`, and whenever everybody waits for promises, until one is settled. */
  play(rounds?: number): Promise<Progress>;
  /** Lets one role have one turn. */
  step(): { turns: number; progress: Progress };
  /** How far the sessions have come. */
  readonly progress: Progress;
  /** Rounds so far. */
  readonly clock: number;
  /** Where its draws come from. */
  readonly seed: number;
  /** What was recorded, oldest first: the same as in every other machine with these options, roles and answers. */
  trace(): TraceEvent[];
  /** From now on, no role of this name acts. Gives how many there are. */
  pause(role: string): number;
  /** They act again. Says whether they were paused. */
  resume(role: string): boolean;
  /** A line for each session that is running: who waits for whom. */
  toString(): string;
  /** Gives its memory back now, rather than when it is collected. */
  free(): void;
  [Symbol.dispose](): void;
}

/** How far sessions have come: all have ended, the rounds are used up, or some wait for the outside. */
export type Progress = "complete" | "out-of-fuel" | "waiting";

/** A session of a machine. */
export class Session {
  private constructor();
  /** Its number in the machine. */
  readonly id: number;
  /** Where it is in its life. */
  readonly status: "active" | "draining" | "closed" | "cancelled" | "faulted";
  /** Why it did not come to the end of its protocol, once it has ended so. */
  readonly error: SessionError | undefined;
  /** What its roles are doing; nothing once it has ended. */
  roles(): RoleStatus[];
  /** Ends it, whatever it is doing. */
  cancel(reason?: string): void;
  /** Lets its roles receive what is on its way, and send nothing more. */
  close(): void;
  /** Who waits for whom. */
  toString(): string;
  free(): void;
  [Symbol.dispose](): void;
}

/** What a role is doing, or one of the things that it does at once. */
export interface RoleStatus {
  role: string;
  /** Which of the things that it does at once; 0 if it is its own. */
  lane: number;
  /** `ready`; what it waits for (`message`, `room`, `handler`, `lanes`); `paused`; `done`. */
  status: "ready" | "message" | "room" | "handler" | "lanes" | "session" | "outside" | "paused" | "done";
  /** The instruction that comes next: its place in `protocol.program(role)`. */
  pc: number;
  /** The roles for which it waits. */
  waitsFor: string[];
  /** Whether it may stop where it is. */
  mayRest: boolean;
}

/** An answer of a role: the role waits where it is a promise. */
export type Answer<T> = T | Promise<T>;

/** Who is asked or told, and about what. */
export interface Context {
  /** The number of the session. */
  session: number;
  /** The role. */
  role: string;
  /** Which of the things that the role does at once; 0 where it does one. */
  lane: number;
  /** To whom or from whom the message goes; `undefined` in a choice. */
  peer: string | undefined;
  /** The name of the message; `undefined` in a choice. */
  label: string | undefined;
  /** How many effects the role had before. */
  count: number;
  /** A whole number below 2^53, different for each effect and the same in every run with this seed: `Context::draw` in Rust. */
  draw: number;
}

/** Role objects of any protocol. */
export type RoleObjects = Record<string, object>;

/** A branch of a choice: its first message. */
export interface Branch {
  label: string;
  /** The Rust type of what it carries. */
  payload: string;
  peer: string;
}

/** Plays roles without knowing their protocol. `this` is the handler. */
export interface Handler {
  /** The payload of a message; not needed where nothing is carried. */
  send?(cx: Context): Answer<unknown>;
  /** The role has received a message. */
  receive?(payload: any, cx: Context): Answer<void>;
  /** The branch that the role takes, by its number, and the payload of its message. */
  choose(branches: Branch[], cx: Context): Answer<number | { branch: number; payload?: unknown }>;
}

/** Something that happened. Which properties there are depends on `event`. */
export interface TraceEvent {
  /** The round. */
  tick: number;
  /** The number of the session. */
  session: number;
  event:
    | "open" | "send" | "receive" | "drop" | "defer" | "inject" | "choose" | "invoke" | "halt" | "fork" | "join"
    | "close" | "cancel" | "fault";
  role?: string;
  sender?: string;
  receiver?: string;
  /** The message with its payload type. */
  label?: string;
  lane?: number;
  channel?: number;
  effect?: number;
  lanes?: number;
  /** Why a session faulted. */
  why?: string;
}

/** A text with protocols has mistakes. */
export interface ProtocolError extends Error {
  name: "ProtocolError";
  errors: Wrong[];
}

/** An image is none. */
export interface ImageError extends Error {
  name: "ImageError";
}

/** A session did not come to the end of its protocol. */
export interface SessionError extends Error {
  name: "SessionError";
  /** The number of the session. */
  session: number;
  /** The role with which it began. */
  role: string | undefined;
  /** What a role or the handler has thrown, if that is why. */
  cause?: unknown;
  /** On the error that `run`, `step` or `play` throws: what else went wrong. */
  others?: SessionError[];
}

/** The machine cannot do what was asked. */
export interface MachineError extends Error {
  name: "MachineError";
}
