use telltale_vm::choreography;

choreography! {
    protocol Blind(Alice, Bob, Carol) {
        choice at Alice {
            Alice -> Bob: Left;
            Carol -> Bob: X;
        } or {
            Alice -> Bob: Right;
            Carol -> Bob: Y;
        }
    }

    protocol Outer(Alice, Bob, Carol) {
        Carol -> Alice: Ready;
        do Blind(Alice, Bob, Carol);
    }
}

fn main() {}
