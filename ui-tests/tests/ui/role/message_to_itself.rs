use telltale_vm::choreography;

choreography! {
    protocol Greeting(Alice, Bob) {
        Alice -> Bob: Hello(String);
        Alice -> Alice: Memo;
    }
}

fn main() {}
