use telltale_vm::choreography;

choreography! {
    protocol Count(Alice, Bob) {
        Alice -> Bob: Number(u64);
        Bob -> Alice: Thanks;
    }
}

struct Bob;

// `thanks` carries nothing, so there is nothing to say about it.
impl count::Bob for Bob {}

fn main() {}
