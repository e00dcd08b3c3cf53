use telltale_vm::choreography;

choreography! {
    protocol Untold(A, B, L) {
        choice at A {
            A -> B: X;
            par {
                A -> L: One;
            } and {
                B -> L: Two;
            }
            A -> L: Three;
        } or {
            A -> B: Y;
            A -> L: Nothing;
        }
    }
}

fn main() {}
