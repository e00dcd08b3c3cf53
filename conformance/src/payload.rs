//! Payloads made of a number, by whoever knows their types and by whoever only reads them.
//!
//! A role object has typed payloads, a handler has the spelling of their types. Of the same number
//! both make the same payload, and both write it down in the same way.

use telltale_vm::{Large, Value, pack};

/// A payload that can be made of a number and be written down.
pub trait Scripted: Sized + Send + 'static {
    /// The payload that a number stands for.
    fn of(number: u64) -> Self;

    /// What is written down of it.
    fn note(&self) -> String;
}

/// A part of a payload: an element, or a field by its place.
pub fn part<T: Scripted>(number: u64, at: u64) -> T {
    T::of(number_of_part(number, at))
}

fn number_of_part(number: u64, at: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29).wrapping_add(at)
}

macro_rules! scalars {
    ($($ty:ty: $of:expr;)*) => {
        $(impl Scripted for $ty {
            fn of(number: u64) -> Self {
                let of: fn(u64) -> Self = $of;
                of(number)
            }

            fn note(&self) -> String {
                format!("{self:?}")
            }
        })*

        /// The scalar with this spelling, written down and as it travels.
        fn scalar(ty: &str, number: u64) -> Option<(String, Value)> {
            $(if ty == stringify!($ty) {
                let payload = <$ty>::of(number);
                return Some((payload.note(), pack(payload)));
            })*
            None
        }
    };
}

scalars! {
    (): |_| ();
    bool: |number| number % 2 == 1;
    u8: |number| number as u8;
    u16: |number| number as u16;
    u32: |number| number as u32;
    u64: |number| number;
    usize: |number| number as u16 as usize;
    i8: |number| (number as u8).cast_signed();
    i16: |number| (number as u16).cast_signed();
    i32: |number| (number as u32).cast_signed();
    i64: |number| number.cast_signed();
    isize: |number| (number as u16 as usize).cast_signed();
    f32: |number| f32::from(number as u16) / 4.0;
    f64: |number| f64::from(number as u32) / 8.0;
    char: |number| char::from(b'a' + (number % 26) as u8);
    String: |number| format!("text {number:x}");
}

impl<T: Scripted> Scripted for Vec<T> {
    fn of(number: u64) -> Self {
        (0..number % 4).map(|at| part(number, at)).collect()
    }

    fn note(&self) -> String {
        notes(self.iter().map(T::note))
    }
}

impl<T: Scripted> Scripted for Option<T> {
    fn of(number: u64) -> Self {
        (!number.is_multiple_of(3)).then(|| part(number, 0))
    }

    fn note(&self) -> String {
        notes(self.iter().map(T::note))
    }
}

macro_rules! tuples {
    ($(($($name:ident $at:tt),*))*) => {$(
        impl<$($name: Scripted),*> Scripted for ($($name,)*) {
            fn of(number: u64) -> Self {
                ($(part::<$name>(number, $at),)*)
            }

            fn note(&self) -> String {
                notes([$(self.$at.note()),*])
            }
        }
    )*};
}

tuples! { (A 0, B 1) (A 0, B 1, C 2) (A 0, B 1, C 2, D 3) }

/// What is written down of something that has parts.
pub fn notes(parts: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", parts.into_iter().collect::<Vec<_>>().join(", "))
}

/// What is written down of the payload with this spelling and number.
///
/// # Panics
///
/// When no script knows the type.
pub fn note_of(ty: &str, number: u64) -> String {
    if let Some((note, _)) = scalar(ty, number) {
        return note;
    }
    let of_part = |ty: &str, at| note_of(ty, number_of_part(number, at));
    if let Some(element) = inside(ty, "Vec<", ">") {
        return notes((0..number % 4).map(|at| of_part(element, at)));
    }
    if let Some(element) = inside(ty, "Option<", ">") {
        return notes((!number.is_multiple_of(3)).then(|| of_part(element, 0)));
    }
    let types = inside(ty, "(", ")").map(list).or_else(|| {
        let field = |field| split(field, ": ").map_or(field, |(_, ty)| ty);
        Some(list(inside(ty, "{ ", " }")?).into_iter().map(field).collect())
    });
    let types = types.unwrap_or_else(|| panic!("no script makes payloads of type {ty}"));
    notes((0..).zip(types).map(|(at, ty)| of_part(ty, at)))
}

/// A payload that is neither a scalar nor bytes, as a handler sends it to another handler.
#[derive(Debug)]
struct Noted(String);

/// The payload with this spelling and number, as it travels.
pub fn value_of(ty: &str, number: u64) -> Value {
    match scalar(ty, number) {
        Some((_, value)) => value,
        None if ty == "Vec<u8>" => pack(Vec::<u8>::of(number)),
        None => Value::opaque(Noted(note_of(ty, number))),
    }
}

/// What is written down of a payload that a handler was told of.
///
/// # Panics
///
/// When no script has made it.
pub fn note_of_value(value: Value) -> String {
    match value {
        Value::Unit => ().note(),
        Value::Bool(it) => it.get().note(),
        Value::Int(it) => it.note(),
        Value::Uint(it) => it.note(),
        Value::Float(it) => it.get().note(),
        Value::Char(it) => it.get().note(),
        Value::Large(large) => match *large {
            Large::Text(it) => it.note(),
            Large::Bytes(it) => it.note(),
            large => {
                let noted = Value::from(large).into_opaque::<Noted>();
                noted.unwrap_or_else(|value| panic!("no script has made {value}")).0
            }
        },
        value => panic!("no script has made {value}"),
    }
}

fn inside<'t>(ty: &'t str, open: &str, close: &str) -> Option<&'t str> {
    ty.strip_prefix(open)?.strip_suffix(close)
}

fn list(types: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = types;
    while let Some((first, others)) = split(rest, ", ") {
        parts.push(first);
        rest = others;
    }
    parts.push(rest);
    parts
}

/// Splits at the first separator that stands outside of brackets.
fn split<'t>(text: &'t str, separator: &str) -> Option<(&'t str, &'t str)> {
    let mut depth = 0;
    let at = text.char_indices().position(|(at, sign)| {
        depth += i32::from("(<[".contains(sign)) - i32::from(")>]".contains(sign));
        depth == 0 && text[at..].starts_with(separator)
    });
    let at = at?;
    Some((&text[..at], &text[at + separator.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agree<T: Scripted>(ty: &str) {
        for number in (0..40).map(|n| number_of_part(n, n)) {
            let typed = T::of(number).note();
            assert_eq!(typed, note_of(ty, number), "{ty}");
            assert_eq!(typed, note_of_value(value_of(ty, number)), "{ty}");
        }
    }

    #[test]
    fn types_and_their_spelling_give_the_same() {
        agree::<()>("()");
        agree::<i8>("i8");
        agree::<f32>("f32");
        agree::<String>("String");
        agree::<Vec<u8>>("Vec<u8>");
        agree::<(u8, String)>("(u8, String)");
        agree::<((f64, char), Option<Vec<(u8, bool)>>)>("((f64, char), Option<Vec<(u8, bool)>>)");
        agree::<(u8, Option<char>)>("{ r#type: u8, from: Option<char> }");
    }
}
