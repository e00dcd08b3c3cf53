use telltale_vm::choreography;

choreography! {
    protocol Count(Alice, Bob) {
        Alice -> Bob: OnNumber;
        Bob -> Alice: Number(u8);
    }
}

fn main() {}
