use telltale_vm::choreography;

choreography! {
    protocol P(A, B) {
        A -> B: Self_;
    }
}

fn main() {}
