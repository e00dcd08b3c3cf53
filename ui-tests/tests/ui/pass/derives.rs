//! What is generated derives what its protocol, its choice or its message says, wherever the compiler proposes it.

use telltale_vm::choreography;

choreography! {
    #[derive(Clone)]
    pub protocol P(A, B) {
        choice #[derive(PartialEq)]
        Go at A {
            A -> B: Left;
        } or {
            A -> B: Right(u8);
        }
        A -> B: #[derive(PartialEq)]
        Where { x: u8 };
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        B -> A: There { x: u8 };
    }
}

fn main() {
    assert!(p::Go::Left != p::Go::Right(3).clone());
    assert_eq!(p::Where { x: 3 }.clone(), p::Where { x: 3 });
    assert_eq!(format!("{:?} {:?}", p::Go::Right(3), p::There { x: 1 }), "Right(3) There { x: 1 }");
}
