use telltale_vm::choreography;

choreography! {
    protocol Count(Alice, Bob) {
        Alice -> Bob: Point { x: u8, y: u8 };
        Bob -> Alice: Path(Vec<Point>);
    }
}

fn main() {}
