// Payloads that are made up, shown and read, by the spelling of their Rust types.

/** The parts of a list that are in no brackets. */
function parts(list) {
  const found = [""];
  let depth = 0;
  for (const sign of list) {
    if ("(<[{".includes(sign)) depth += 1;
    if (")>]}".includes(sign)) depth -= 1;
    if (sign === "," && depth === 0) found.push("");
    else found[found.length - 1] += sign;
  }
  return found.map((part) => part.trim()).filter((part) => part !== "");
}

const small = /^[iu](8|16|32)$/;
const large = /^[iu](64|128|size)$/;
const words = ["tea", "a book", "chocolate", "a map", "seven"];

/** What a role might say that has to say something. */
export function sample(type, draw) {
  if (type === "()") return undefined;
  if (type === "bool") return draw % 2 === 1;
  if (small.test(type)) return draw % 100;
  if (large.test(type)) return BigInt(draw % 100);
  if (/^f(32|64)$/.test(type)) return (draw % 1000) / 8;
  if (type === "char") return String.fromCharCode(97 + (draw % 26));
  if (type === "String") return words[draw % words.length];
  if (type === "Vec<u8>") return Uint8Array.of(draw % 256, 1, 2);
  const inner = type.slice(type.search(/[({<[]/) + 1, -1);
  if (type.startsWith("(")) return parts(inner).map((type) => sample(type, draw));
  if (type.startsWith("{")) {
    const field = (field) => {
      const [name, ...type] = field.split(":");
      return [name.trim().replace(/^r#/, ""), sample(type.join(":").trim(), draw)];
    };
    return Object.fromEntries(parts(inner).map(field));
  }
  if (type.startsWith("Vec<") || type.startsWith("[")) return [sample(inner.split(";")[0], draw)];
  if (type.startsWith("Option<")) return sample(inner, draw);
  return `some ${type}`;
}

/** A payload as somebody can write it: what `read` reads. */
export function shown(payload) {
  if (typeof payload === "string") return payload;
  if (payload === undefined) return "";
  const replace = (_, part) => {
    if (typeof part === "bigint") return Number(part);
    return part instanceof Uint8Array ? [...part] : part;
  };
  return typeof payload === "bigint" ? String(payload) : JSON.stringify(payload, replace);
}

/** What somebody has written. Throws if it means nothing. */
export function read(type, text) {
  if (type === "String" || type === "char") return text;
  if (large.test(type)) return BigInt(text);
  const value = text.trim() === "" ? undefined : JSON.parse(text);
  return type === "Vec<u8>" ? Uint8Array.from(value) : value;
}
