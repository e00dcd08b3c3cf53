use telltale_vm::choreography;

choreography! {
    protocol Both(A, B, C, D) {
        par {
            loop {
                A -> B: Ping;
            }
        } and {
            loop {
                C -> D: Pong;
            }
        }
    }
}

fn main() {}
