//! What payloads look like in JavaScript, by the spelling of their Rust types.

/// A payload type, as far as JavaScript knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `()`: `undefined`
    Unit,
    /// `bool`
    Bool,
    /// `u8` to `i128`, `usize`, `isize`: a number up to 32 bits, otherwise a `bigint`
    Int(Int),
    /// `f32`, `f64`
    Float,
    /// `char`: a string with one character
    Char,
    /// `String`
    Text,
    /// `Vec<u8>`: a `Uint8Array`
    Bytes,
    /// `Vec<T>`, `[T; N]`: an array
    List(Box<Shape>),
    /// `Option<T>`: the value, or `undefined`
    Maybe(Box<Shape>),
    /// `(A, B)`: an array of this length
    Tuple(Vec<Shape>),
    /// `{ address: String }`: an object with these properties
    Record(Vec<(String, Shape)>),
    /// A type that only the protocol's author knows: whatever JavaScript gives, as it is
    Any,
}

/// Which integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Int {
    /// Whether there are negative ones.
    pub signed: bool,
    /// How many bits they have.
    pub bits: u8,
}

impl Int {
    /// Whether every one of them is exact as a number of JavaScript.
    pub fn is_number(self) -> bool {
        self.bits <= 32
    }
}

/// How deep types may be nested; what is deeper is [`Shape::Any`].
const DEPTH: usize = 32;

impl Shape {
    /// That of a payload type: the spelling is the one by which types are compared.
    pub fn of(payload: &str) -> Self {
        shape(payload.trim(), DEPTH)
    }
}

fn shape(ty: &str, depth: usize) -> Shape {
    if depth == 0 {
        return Shape::Any;
    }
    let inner = |ty: &str| Box::new(shape(ty, depth - 1));
    if let Some(scalar) = scalar(ty) {
        return scalar;
    }
    if let Some(fields) = between(ty, "{", "}") {
        return record(fields, depth - 1).map_or(Shape::Any, Shape::Record);
    }
    if let Some(types) = between(ty, "(", ")") {
        let types = parts(types).into_iter().map(|ty| shape(ty, depth - 1));
        return Shape::Tuple(types.collect());
    }
    if let Some(list) = between(ty, "[", "]") {
        return Shape::List(inner(list.rsplit_once(';').map_or(list, |(ty, _)| ty.trim())));
    }
    match (between(ty, "Vec<", ">"), between(ty, "Option<", ">")) {
        (Some(ty), _) if parts(ty).len() == 1 => Shape::List(inner(ty)),
        (_, Some(ty)) if parts(ty).len() == 1 => Shape::Maybe(inner(ty)),
        _ => Shape::Any,
    }
}

fn scalar(ty: &str) -> Option<Shape> {
    Some(match ty {
        "()" => Shape::Unit,
        "bool" => Shape::Bool,
        "f32" | "f64" => Shape::Float,
        "char" => Shape::Char,
        "String" => Shape::Text,
        "Vec<u8>" => Shape::Bytes,
        "usize" => Shape::Int(Int { signed: false, bits: 64 }),
        "isize" => Shape::Int(Int { signed: true, bits: 64 }),
        _ => {
            let (kind, bits) = ty.split_at_checked(1)?;
            let signed = match kind {
                "u" => false,
                "i" => true,
                _ => return None,
            };
            let bits = ["8", "16", "32", "64", "128"].contains(&bits).then(|| bits.parse().ok())?;
            Shape::Int(Int { signed, bits: bits? })
        }
    })
}

fn record(fields: &str, depth: usize) -> Option<Vec<(String, Shape)>> {
    let field = |field: &str| {
        let (name, ty) = field.split_once(':')?;
        let name = name.trim();
        Some((name.strip_prefix("r#").unwrap_or(name).to_owned(), shape(ty.trim(), depth)))
    };
    parts(fields).into_iter().map(field).collect()
}

fn between<'t>(text: &'t str, open: &str, close: &str) -> Option<&'t str> {
    Some(text.strip_prefix(open)?.strip_suffix(close)?.trim())
}

/// What stands between the commas that are in no brackets.
fn parts(list: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, sign) in list.char_indices() {
        match sign {
            '(' | '[' | '{' | '<' => depth += 1,
            // The head of an arrow closes nothing.
            '>' if list[..at].ends_with('-') => {}
            ')' | ']' | '}' | '>' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(list[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(list[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(signed: bool, bits: u8) -> Shape {
        Shape::Int(Int { signed, bits })
    }

    #[test]
    fn scalars() {
        assert_eq!(Shape::of("()"), Shape::Unit);
        assert_eq!(Shape::of("u8"), int(false, 8));
        assert_eq!(Shape::of("i128"), int(true, 128));
        assert_eq!(Shape::of("usize"), int(false, 64));
        assert_eq!(Shape::of("Vec<u8>"), Shape::Bytes);
        assert_eq!(Shape::of("u7"), Shape::Any);
        assert_eq!(Shape::of("ä"), Shape::Any);
        assert_eq!(Shape::of(""), Shape::Any);
    }

    #[test]
    fn what_is_made_of_others() {
        assert_eq!(Shape::of("(u64, String)"), Shape::Tuple(vec![int(false, 64), Shape::Text]));
        assert_eq!(Shape::of("(u64,)"), Shape::Tuple(vec![int(false, 64)]));
        assert_eq!(Shape::of("[u16; 4]"), Shape::List(Box::new(int(false, 16))));
        assert_eq!(
            Shape::of("{ r#type: Option<Vec<bool>>, at: (f64, f64) }"),
            Shape::Record(vec![
                ("type".into(), Shape::Maybe(Box::new(Shape::List(Box::new(Shape::Bool))))),
                ("at".into(), Shape::Tuple(vec![Shape::Float, Shape::Float])),
            ])
        );
    }

    #[test]
    fn what_only_its_author_knows() {
        for ty in ["chrono::NaiveDate", "BTreeMap<String, u64>", "Vec<u8, A>", "fn(u8) -> Vec<u8>"]
        {
            assert_eq!(Shape::of(ty), Shape::Any, "{ty}");
        }
        assert_eq!(Shape::of("(fn(u8) -> u8, u8)"), Shape::Tuple(vec![Shape::Any, int(false, 8)]));
    }

    #[test]
    fn what_is_too_deep_overflows_no_stack() {
        let deep = format!("{}u8{}", "Vec<".repeat(100_000), ">".repeat(100_000));
        assert!(matches!(Shape::of(&deep), Shape::List(_)));
    }
}
