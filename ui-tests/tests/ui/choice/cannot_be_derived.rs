use telltale_vm::choreography;

pub struct Key;

choreography! {
    pub protocol P(A, B) {
        #[derive(Clone, PartialEq)]
        choice Go at A {
            A -> B: Left(Key);
        } or {
            A -> B: Right;
        }
    }
}

fn main() {}
