use telltale_vm::choreography;

choreography! {
    protocol P(A, B) {
        A -> B: String;
        A -> B: u64;
        A -> B: Vec<u8>;
        A -> B: (u64, String);
        A -> B: Number: u64;
    }
}

fn main() {}
