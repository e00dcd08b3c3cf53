use telltale_vm::choreography;

choreography! {
    protocol P(A, B) {
        A -> C: X;
        C -> A: Y;
    }
}

fn main() {}
