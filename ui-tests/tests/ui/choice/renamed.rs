use telltale_vm::choreography;

choreography! {
    protocol Ask(Alice, Bob) {
        choice First at Alice {
            Alice -> Bob: Yes;
        } or {
            Alice -> Bob: No;
        }
        choice Second at Alice {
            Alice -> Bob: No;
        } or {
            Alice -> Bob: Yes;
        }
    }
}

fn main() {}
