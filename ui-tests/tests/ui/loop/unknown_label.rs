use telltale_vm::choreography;

choreography! {
    protocol Poll(Alice, Bob) {
        'poll: loop {
            Alice -> Bob: Ask;
            break 'pol;
        }
    }
}

fn main() {}
