use telltale_vm::choreography;

mod login {}

choreography! {
    protocol Login(A, B) {
        A -> B: Hello;
    }
}

fn main() {}
