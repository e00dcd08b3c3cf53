use telltale_vm::choreography;

choreography! {
    protocol Count(Alice, Bob) {
        Alice -> Bob: Point { x: u8, x: u8 };
    }
}

fn main() {}
