use telltale_vm::choreography;
use telltale_vm::{VM, VMConfig};

choreography! {
    protocol Count(Alice, Bob) {
        Alice -> Bob: Number;
    }
}

struct Alice;

impl count::Alice for Alice {}

fn main() {
    let mut vm = VM::new(VMConfig::default());
    let _ = count::Roles { alice: Alice, bob: Alice }.open(&mut vm);
}
