use telltale_vm::choreography;
use std::rc::Rc;

choreography! {
    protocol Count(Alice, Bob) {
        Alice -> Bob: Number(Rc<u64>);
        choice at Bob {
            Bob -> Alice: Same(Rc<u64>);
        } or {
            Bob -> Alice: Other;
        }
    }
}

fn main() {}
