use telltale_vm::choreography;

choreography! {
    protocol Greeting(alice, Bob) {
        alice -> Bob: Hello(String);
    }
}

fn main() {}
