//! What is generated prints itself, whether its payloads do or not.

use telltale_vm::choreography;

struct Silent;

choreography! {
    #[derive(Clone)]
    protocol P(A, B) {
        choice Go at A {
            A -> B: Left(u8, String);
        } or {
            #[derive(Debug, PartialEq)]
            choice Kind at A { A -> B: Neither; } or { A -> B: Both { x: u8 }; }
        }
        A -> B: Loud { x: Vec<u8> };
    }

    protocol Q(A, B) {
        choice at A { A -> B: Left(Silent, u8); } or { A -> B: Right { silent: Silent, loud: u8 }; }
        A -> B: Quiet { silent: Silent };
    }
}

#[test]
fn payloads_print_if_they_can() {
    assert_eq!(format!("{:?}", p::Go::Left(1, "x".to_owned())), "Left(1, \"x\")");
    assert_eq!(format!("{:?}", p::Go::Both { x: 1 }.clone()), "Both { x: 1 }");
    assert!(p::Go::Neither == p::Go::Neither, "what an inner choice derives is derived");
    assert_eq!(format!("{:?}", p::Loud { x: vec![1] }.clone()), "Loud { x: [1] }");
}

#[test]
fn others_are_holes() {
    use q::AChoice::{Left, Right};
    assert_eq!(format!("{:?}", Left(Silent, 1)), "Left(_, 1)");
    assert_eq!(format!("{:?}", Right { silent: Silent, loud: 1 }), "Right { silent: _, loud: 1 }");
    assert_eq!(format!("{:?}", q::Quiet { silent: Silent }), "Quiet { silent: _ }");
}
