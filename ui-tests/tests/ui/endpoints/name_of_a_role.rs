use telltale_vm::choreography;

choreography! {
    #[endpoints]
    pub protocol Shop(Shop, Customer) {
        Customer -> Shop: Ask;
    }

    #[endpoints]
    pub protocol Other(Opened, Endpoints) {
        Opened -> Endpoints: Ask;
    }
}

fn main() {}
