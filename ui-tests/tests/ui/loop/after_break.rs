use telltale_vm::choreography;

choreography! {
    protocol Poll(Alice, Bob) {
        loop {
            Alice -> Bob: Ask;
            break;
            Bob -> Alice: Answer;
        }
    }
}

fn main() {}
