use telltale_vm::choreography;

choreography! {
    protocol Poll(Alice, Bob) {
        Alice -> Bob: Start;
        break;
    }
}

fn main() {}
