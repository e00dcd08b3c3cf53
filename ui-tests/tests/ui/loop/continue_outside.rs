use telltale_vm::choreography;

choreography! {
    protocol Poll(Alice, Bob) {
        choice at Alice {
            Alice -> Bob: Go;
            continue;
        } or {
            Alice -> Bob: Stop;
        }
    }
}

fn main() {}
