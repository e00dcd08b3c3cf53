use telltale_vm::choreography;

choreography! {
    protocol Monologue(Alice) {
        Alice -> Alice: Hello(String);
    }
}

fn main() {}
