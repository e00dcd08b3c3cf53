use telltale_vm::choreography;

choreography! {
    protocol Mixed(Alice, Bob, Carol) {
        choice at Alice {
            Alice -> Bob: Left;
            Bob -> Carol: X;
        } or {
            Alice -> Bob: Right;
            Carol -> Bob: Y;
        }
    }
}

fn main() {}
