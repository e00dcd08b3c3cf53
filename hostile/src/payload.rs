//! Payloads that should be of a type.

use telltale_vm::wire::Payloads;
use telltale_vm::{LabelId, choreography};

choreography! {
    /// One message for each kind of payload.
    #[serde]
    protocol Kinds(A, B) {
        choice Kind at A {
            A -> B: Nothing;
        } or {
            A -> B: Scalars(bool, u8, i64, f64, char);
        } or {
            A -> B: Texts(String, Vec<u8>);
        } or {
            A -> B: Nested(Vec<Option<(u32, String)>>);
        } or {
            A -> B: Fields { name: String, ratio: f32, tags: Vec<String> };
        }
    }

    /// The same without codecs: payloads say what they are.
    protocol Described(A, B) {
        choice Kind at A {
            A -> B: Nothing;
        } or {
            A -> B: Yes(bool);
        } or {
            A -> B: Number(i32);
        } or {
            A -> B: Text(String);
        } or {
            A -> B: Pair(u64, f64);
        }
    }
}

/// Bytes after the first are refused, or a payload that is written and read as the same. The first byte says of which message.
///
/// # Panics
///
/// When it is not so.
pub fn holds(bytes: &[u8]) {
    let Some((&label, bytes)) = bytes.split_first() else { return };
    for image in [&kinds::IMAGE, &described::IMAGE] {
        let payloads = Payloads::of(image);
        let label = LabelId::at(usize::from(label) % image.names().labels().len());
        match payloads.decode(label, bytes) {
            Err(refused) => assert!(!refused.to_string().is_empty()),
            Ok(payload) => {
                let written =
                    payloads.encode(label, &payload).expect("what was read can be written");
                let again = payloads.decode(label, &written).expect("what was written can be read");
                let again = payloads.encode(label, &again).expect("what was read can be written");
                assert_eq!(written, again);
            }
        }
    }
}
