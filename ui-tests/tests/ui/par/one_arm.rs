use telltale_vm::choreography;

choreography! {
    protocol Both(Alice, Bob) {
        par {
            Alice -> Bob: Ping;
        }
    }
}

fn main() {}
