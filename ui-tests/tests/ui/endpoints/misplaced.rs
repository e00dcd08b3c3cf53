use telltale_vm::choreography;

choreography! {
    #[endpoints(async)]
    pub protocol First(A, B) {
        A -> B: Ping;
    }

    pub protocol Second(A, B) {
        #[endpoints]
        A -> B: Ping;
    }
}

fn main() {}
