use telltale_vm::choreography;

choreography! {
    enum Colour { Red, Green }

    protocol P(A, B) {
        A -> B: Paint(Colour);
    }
}

fn main() {}
