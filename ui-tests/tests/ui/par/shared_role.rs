use telltale_vm::choreography;

choreography! {
    protocol Both(Alice, Bob, Carol) {
        par {
            Alice -> Bob: Ping;
        } and {
            Carol -> Bob: Pong;
        }
    }
}

fn main() {}
