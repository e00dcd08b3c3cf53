use telltale_vm::choreography;

choreography! {
    protocol Count(Alice, Bob) {
        Alice -> Bob: number_of_items(u64);
    }
}

fn main() {}
