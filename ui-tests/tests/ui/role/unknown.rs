use telltale_vm::choreography;

choreography! {
    protocol Greeting(Alice, Bob) {
        Alice -> Bbo: Hello(String);
        Carol -> Bob: Bye;
    }
}

fn main() {}
