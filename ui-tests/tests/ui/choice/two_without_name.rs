use telltale_vm::choreography;

choreography! {
    protocol Ask(Alice, Bob) {
        choice at Alice {
            Alice -> Bob: Yes;
        } or {
            Alice -> Bob: No;
        }
        choice at Alice {
            Alice -> Bob: Left;
        } or {
            Alice -> Bob: Right;
        }
    }
}

fn main() {}
