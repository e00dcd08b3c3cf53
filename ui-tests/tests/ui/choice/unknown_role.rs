use telltale_vm::choreography;

choreography! {
    protocol Ask(Alice, Bob) {
        choice at Alcie {
            Alice -> Bob: Yes;
        } or {
            Alice -> Bob: No;
        }
    }
}

fn main() {}
