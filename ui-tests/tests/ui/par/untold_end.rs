use telltale_vm::choreography;

choreography! {
    protocol Untold(A, B, C) {
        par {
            choice at C {
                C -> A: Late;
            } or {
                C -> B: Skip;
                B -> A: Skipped;
            }
        } and {
            loop {
                choice Talk at C {
                    C -> A: More;
                } or {
                    C -> B: Over;
                    break;
                }
            }
        }
        A -> B: Next;
    }
}

fn main() {}
