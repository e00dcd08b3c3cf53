use telltale_vm::choreography;

choreography! {
    protocol Count(Alice, Bob) {
        Alice -> Bob: Any(_);
        Bob -> Alice: Some(impl Clone);
        Bob -> Alice: Me(Self);
        Alice -> Bob: Part([u8]);
        Alice -> Bob: Never(!);
    }
}

fn main() {}
