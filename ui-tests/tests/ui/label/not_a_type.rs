use telltale_vm::choreography;

choreography! {
    protocol Count(Alice, Bob) {
        Alice -> Bob: Number(64);
    }
}

fn main() {}
