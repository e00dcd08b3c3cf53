use telltale_vm::choreography;

choreography! {
    protocol Greeting(Alice, Bob, Alice) {
        Alice -> Bob: Hello(String);
    }
}

fn main() {}
