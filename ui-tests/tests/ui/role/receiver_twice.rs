use telltale_vm::choreography;

choreography! {
    protocol Greeting(Alice, Bob, Carol) {
        Alice -> Bob, Carol, Bob: Hello(String);
    }
}

fn main() {}
