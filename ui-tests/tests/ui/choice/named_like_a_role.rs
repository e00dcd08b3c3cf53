use telltale_vm::choreography;

choreography! {
    protocol Ask(Alice, Bob) {
        choice Bob at Alice {
            Alice -> Bob: Yes;
        } or {
            Alice -> Bob: No;
        }
    }
}

fn main() {}
