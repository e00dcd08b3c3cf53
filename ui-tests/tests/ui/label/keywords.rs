use telltale_vm::choreography;

choreography! {
    protocol P(A, B) {
        A -> B: Self;
        A -> B: Self_;
        A -> B: crate;
        A -> B: _;
        A -> B: Part { type: String };
    }
}

fn main() {}
