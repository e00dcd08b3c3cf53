use telltale_vm::choreography;

fn main() {
    struct Local(u8);

    choreography! {
        protocol P(A, B) {
            A -> B: Hello(Local);
        }
    }
}
