use telltale_vm::choreography;

choreography! {
    protocol HTTPGet(Alice, Bob) {
        Alice -> Bob: Ask;
    }

    protocol HttpGet(Alice, Bob) {
        Alice -> Bob: Ask;
    }
}

fn main() {}
