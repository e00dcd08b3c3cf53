use telltale_vm::choreography;

choreography! {
    protocol Poll(Alice, Bob) {
        loop {
            Alice -> Bob: Ask;
        }
        Bob -> Alice: Never;
    }
}

fn main() {}
