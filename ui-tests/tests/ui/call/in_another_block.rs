use telltale_vm::choreography;

choreography! {
    protocol Handshake(A, B) {
        A -> B: Hello;
    }
}

choreography! {
    protocol P(A, B) {
        do Handshake(A, B);
    }
}

fn main() {}
