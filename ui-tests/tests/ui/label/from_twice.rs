use telltale_vm::choreography;

choreography! {
    protocol Post(Alice, Bob, Carol) {
        Alice -> Carol: Letter { from: String };
        Bob -> Carol: Letter { from: String };
    }
}

fn main() {}
