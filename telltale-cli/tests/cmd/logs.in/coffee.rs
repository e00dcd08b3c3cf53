mod protocols {
    choreography! {
        protocol Coffee(Guest, Bar) {
            Guest -> Bar: Order(String);
            choice Answer at Bar {
                Bar -> Guest: Serve { drink: String, price: u32 };
            } or {
                Bar -> Guest: SoldOut;
            }
        }
    }
}
