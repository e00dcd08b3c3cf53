use telltale_vm::choreography;

choreography! {
    protocol Hello(Alice, Bob) {
        Alice -> Bob: Ask;
    }

    protocol Hello(Alice, Bob) {
        Alice -> Bob: Answer;
    }
}

fn main() {}
