use telltale_vm::choreography;

choreography! {
    protocol P(A, B) {
        A <- B: X;
        A => B: X;
        A - > B: X;
        A ->> B: X;
        A -> B X;
    }
}

fn main() {}
