use telltale_vm::choreography;

choreography! {
    pub protocol Hello(Client, Server) {
        Client -> Server: Ask(u8);
        Server -> Client: Answer(u8);
    }

    pub protocol Twice(Alice, Bob) {
        do Hello(Alice, Bob);
        do Hello(Bob, Alice);
    }
}

fn main() {
    assert_ne!(hello::IMAGE, twice::IMAGE);
}
