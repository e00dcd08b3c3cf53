use telltale_vm::choreography;

choreography! {
    protocol Count(Alice, Bob) {
        Alice -> Bob: Number(u64);
        Bob -> Alice: Number(u32);
    }
}

fn main() {}
