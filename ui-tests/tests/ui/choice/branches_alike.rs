use telltale_vm::choreography;

choreography! {
    protocol Ask(Alice, Bob) {
        choice at Alice {
            Alice -> Bob: Yes;
            Bob -> Alice: Thanks;
        } or {
            Alice -> Bob: Yes;
            Bob -> Alice: Why;
        }
    }
}

fn main() {}
