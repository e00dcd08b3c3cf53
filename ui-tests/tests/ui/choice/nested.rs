use telltale_vm::choreography;

choreography! {
    protocol Ask(Alice, Bob) {
        choice at Alice {
            Alice -> Bob: Yes;
        } or {
            choice at Alice {
                Alice -> Bob: No;
            } or {
                Alice -> Bob: Perhaps;
            }
        }
    }
}

fn main() {}
