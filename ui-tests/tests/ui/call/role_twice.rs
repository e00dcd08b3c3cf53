use telltale_vm::choreography;

choreography! {
    protocol Hello(Client, Server) {
        Client -> Server: Ask(u8);
        Server -> Client: Answer(u8);
    }

    protocol Twice(Alice, Bob) {
        do Hello(Alice, Alice);
        do Hello(Bob, Alice);
    }
}

fn main() {}
