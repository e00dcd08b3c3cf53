#![no_implicit_prelude]
#![deny(warnings)]

::telltale_vm::choreography! {
    protocol Hello(Client, Server) {
        Client -> Server: Ask(::std::string::String);
        choice at Server {
            Server -> Client: Answer { text: ::std::string::String };
        } or {
            Server -> Client: Silence;
        }
    }
}

fn main() {
    ::std::assert_eq!(hello::IMAGE.channels().len(), 2);
}
