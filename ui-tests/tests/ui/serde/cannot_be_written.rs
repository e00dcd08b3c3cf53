//! A payload without serde, as itself, in a tuple and as a named field.
use telltale_vm::choreography;

pub struct Cup;

#[derive(serde::Serialize)]
pub struct WrittenOnly;

choreography! {
    #[serde]
    pub protocol Coffee(Guest, Bar) {
        Guest -> Bar: Order(String);
        Bar -> Guest: Served(Cup);
        Bar -> Guest: Bill(u64, WrittenOnly);
        Guest -> Bar: Thanks { tip: u64, cup: Vec<Cup> };
    }
}

fn main() {}
