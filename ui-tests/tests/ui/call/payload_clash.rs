use telltale_vm::choreography;

choreography! {
    protocol Hello(Client, Server) {
        Client -> Server: Ask(u8);
        Server -> Client: Answer(u8);
    }

    protocol Twice(Alice, Bob) {
        Alice -> Bob: Ask(String);
        do Hello(Alice, Bob);
    }
}

fn main() {}
