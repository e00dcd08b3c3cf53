use telltale_vm::choreography;

choreography! {
    protocol Again(Alice, Bob) {
        Alice -> Bob: Ask;
        do Again(Alice, Bob);
    }
}

fn main() {}
