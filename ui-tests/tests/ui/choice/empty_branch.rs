use telltale_vm::choreography;

choreography! {
    protocol Ask(Alice, Bob) {
        choice at Alice {
            Alice -> Bob: Yes;
        } or {
        }
    }
}

fn main() {}
