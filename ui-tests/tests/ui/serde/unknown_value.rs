//! What can stand in the parentheses.
use telltale_vm::choreography;

choreography! {
    #[serde(version = 0)]
    pub protocol Nothing(Guest, Bar) {
        Guest -> Bar: Order(String);
    }

    #[serde(rename = "order")]
    pub protocol Renamed(Guest, Bar) {
        Guest -> Bar: Order(String);
    }

    #[serde(version 2)]
    pub protocol WithoutSign(Guest, Bar) {
        Guest -> Bar: Order(String);
    }

    #[serde]
    #[serde]
    pub protocol Twice(Guest, Bar) {
        Guest -> Bar: Order(String);
    }
}

fn main() {}
