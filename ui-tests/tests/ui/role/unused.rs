use telltale_vm::choreography;

choreography! {
    protocol Greeting(Alice, Bob, Carol) {
        Alice -> Bob: Hello(String);
    }
}

fn main() {}
