use telltale_vm::choreography;

choreography! {
    protocol P(A, B) {
        loop {
            choice at A {
                A -> B: Data(u64);
            } or {
                B -> A: Close;
                break;
            }
        }
    }
}

fn main() {}
