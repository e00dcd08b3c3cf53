use telltale_vm::choreography;

mod login {}

choreography! {
    pub protocol Login(A, B) {
        A -> B: Hello;
    }
}

fn main() {}
