use telltale_vm::choreography;

choreography! {
    protocol Hello(Alice, Bob) {
        Alice -> Bob: Ask
        Bob -> Alice: Answer;
    }
}

fn main() {}
