//! Payloads that need no generator: scalars, texts, bytes.

use telltale_vm::{Value, pack};

use super::draw::Draw;

/// A payload of the type with this spelling; nothing if its payloads are opaque.
pub(crate) fn value(ty: &str, draw: &mut Draw) -> Option<Value> {
    macro_rules! integers {
        ($($ty:ident)*) => {
            match ty {
                $(stringify!($ty) => return Some(pack(integer!($ty, draw))),)*
                _ => {}
            }
        };
    }
    // Every fourth is one with which programs go wrong.
    macro_rules! integer {
        ($ty:ident, $draw:ident) => {
            match $draw.between(0, 3) {
                0 => *$draw.pick(&[$ty::MIN, $ty::MAX, 0, 1]),
                1 => $draw.between($ty::MIN, $ty::MAX),
                _ => $draw.between(0, 100),
            }
        };
    }
    integers! { i8 i16 i32 i64 isize u8 u16 u32 u64 usize }
    Some(match ty {
        "()" => Value::Unit,
        "bool" => pack(draw.flip()),
        "f32" => pack(float(draw) as f32),
        "f64" => pack(float(draw)),
        "char" => pack(draw.character()),
        "String" => pack(draw.text()),
        "Vec<u8>" => pack(draw.bytes()),
        _ => return None,
    })
}

/// A finite number.
fn float(draw: &mut Draw) -> f64 {
    match draw.between(0, 3) {
        0 => *draw.pick(&[0.0, -0.0, 1.0, -1.0, 1e30, 1e-30, 0.1]),
        _ => f64::from(draw.between(-100_000, 100_000)) / 100.0,
    }
}

#[cfg(test)]
mod tests {
    use telltale_vm::Kind;

    use super::*;

    #[test]
    fn every_kind_but_the_opaque_is_made() {
        for (ty, kind) in [
            ("()", Kind::Unit),
            ("bool", Kind::Bool),
            ("i8", Kind::Int),
            ("usize", Kind::Uint),
            ("f32", Kind::Float),
            ("char", Kind::Char),
            ("String", Kind::Text),
            ("Vec<u8>", Kind::Bytes),
        ] {
            let mut draw = Draw::new(3);
            let kinds = (0..50).map(|_| value(ty, &mut draw).map(|value| value.kind()));
            assert!(kinds.into_iter().all(|made| made == Some(kind)), "{ty}");
        }
        assert!(value("Option<u8>", &mut Draw::new(3)).is_none());
    }
}
