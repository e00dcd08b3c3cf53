use telltale_vm::choreography;

choreography! {
    protocol P(A, B) {
        A, A -> B: X;
    }
}

fn main() {}
