use telltale_vm::choreography;

choreography! {
    protocol Ping(Alice, Bob) {
        Alice -> Bob: Ping;
        do Pong(Bob, Alice);
    }

    protocol Pong(Alice, Bob) {
        Alice -> Bob: Pong;
        do Ping(Bob, Alice);
    }
}

fn main() {}
