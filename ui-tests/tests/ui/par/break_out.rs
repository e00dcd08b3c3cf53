use telltale_vm::choreography;

choreography! {
    protocol Both(A, B, C, D) {
        loop {
            par {
                A -> B: Ping;
                break;
            } and {
                C -> D: Pong;
            }
        }
    }
}

fn main() {}
