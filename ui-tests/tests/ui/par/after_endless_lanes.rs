use telltale_vm::choreography;

choreography! {
    protocol Never(A, B) {
        loop {
            A -> B: Begin;
            par {
                loop { A -> B: X; }
            } and {
                loop { B -> A: Y; }
            }
        }
    }
}

fn main() {}
