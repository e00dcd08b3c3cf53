use telltale_vm::choreography;

choreography! {
    protocol Hello(Alice, Bob) {
        Alice -> Bob: Ask;
        Bob ->
    }
}

struct Alice;

// What has nothing to do with the mistake is generated.
impl hello::Alice for Alice {}

fn main() {}
