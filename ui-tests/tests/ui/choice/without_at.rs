use telltale_vm::choreography;

choreography! {
    protocol P(A, B) {
        choice A { A -> B: X; } or { A -> B: Y; }
        choice at A { A -> B: X; } and { A -> B: Y; }
    }
}

fn main() {}
