use telltale_vm::choreography;

choreography! {
    protocol Ask(Alice, Bob) {
        choice at Alice {
            Alice -> Bob: Yes;
        } or {
            choice at Bob {
                Bob -> Alice: No;
            } or {
                Bob -> Alice: Perhaps;
            }
        }
    }
}

fn main() {}
