use telltale_vm::choreography;

choreography! {
    protocol Poll(Alice, Bob) {
        'poll: loop {
            Alice -> Bob: Ask;
            'poll: loop {
                Bob -> Alice: Answer;
                break;
            }
        }
    }
}

fn main() {}
