//! A protocol beside one that is wrong.

telltale::choreography! {
    protocol Bad(Guest, Bar) {
        Guest -> Cook: Order;
    }

    protocol Good(Guest, Bar) {
        Guest -> Bar: Order(String);
        Bar -> Guest: SoldOut;
    }
}
