//! What is generated has `Debug`, whether its payloads have it or not.

use telltale_vm::choreography;

pub struct Silent;

choreography! {
    pub protocol P(A, B) {
        choice at A {
            A -> B: Left(Silent, u8);
        } or {
            A -> B: Right { silent: Silent, loud: String };
        } or {
            A -> B: Neither;
        }
        A -> B: Loud { silent: Silent, x: Vec<u8> };
    }
}

fn main() {
    use p::AChoice::{Left, Neither, Right};
    assert_eq!(format!("{:?} {Neither:?}", Left(Silent, 1)), "Left(_, 1) Neither");
    let right = Right { silent: Silent, loud: "x".to_owned() };
    assert_eq!(format!("{right:?}"), "Right { silent: _, loud: \"x\" }");
    assert_eq!(format!("{:?}", p::Loud { silent: Silent, x: vec![1] }), "Loud { silent: _, x: [1] }");
}
