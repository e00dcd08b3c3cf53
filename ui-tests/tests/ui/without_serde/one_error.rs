//! `telltale-vm` without its feature `serde`: one error, which names it.
use telltale_vm::choreography;

choreography! {
    #[serde(version = 2)]
    pub protocol Coffee(Guest, Bar) {
        Guest -> Bar: Order { drink: String, cups: u8 };
        Bar -> Guest: Served(Option<u64>);
    }
}

fn main() {}
