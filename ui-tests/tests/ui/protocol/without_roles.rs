use telltale_vm::choreography;

choreography! {
    protocol Fetch {
        Client -> Server: Get;
        Server -> Client: Page(String);
    }
}

fn main() {}
