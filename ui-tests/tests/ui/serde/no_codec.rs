//! What `codec` names is no codec.
use telltale_vm::choreography;

pub struct Pack;

choreography! {
    #[serde(codec = Pack)]
    pub protocol Coffee(Guest, Bar) {
        Guest -> Bar: Order(String);
    }
}

fn main() {}
