use telltale_vm::choreography;

choreography! {
    protocol Poll(Alice, Bob) {
        Alice -> Bob: Start;
        loop {
            loop {
                break;
            }
        }
    }
}

fn main() {}
