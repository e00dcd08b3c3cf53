mod vendored {
    pub use ::telltale_vm as vm;
}

mod telltale_vm {
    // Not this one.
}

vendored::vm::choreography! {
    #[telltale(crate = crate::vendored::vm)]
    #[serde]
    protocol Hello(Client, Server) {
        Client -> Server: Ask(u8);
    }
}

fn main() {
    println!("{}", hello::IMAGE);
}
