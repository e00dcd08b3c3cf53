use telltale_vm::choreography;

choreography! {
    protocol P(A, B) {
        par { A -> B: Offer; } and { B -> A: Offer; }
    }
}

fn main() {}
