use telltale_vm::choreography;

choreography! {
    protocol Count(Alice, Bob) {
        Alice -> Bob: Text(&str);
        Bob -> Alice: Words(Vec<&'static str>);
    }
}

fn main() {}
