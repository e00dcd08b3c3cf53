use telltale_vm::choreography;

choreography! {
    protocol P(A, B) {
        outer: loop {
            A -> B: X;
            break outer;
        }
    }
}

fn main() {}
