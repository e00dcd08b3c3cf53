use telltale_vm::choreography;

choreography! {
    #[endpoints(async)]
    pub protocol First(A, B) {
        A -> B: Ping;
    }

    pub protocol Second(A, B) {
        #[endpoints]
        A -> B: Ping;
        #[state]
        A -> B: Ping;
        #[state(One)]
        loop {
            #[state(Two, Three)]
            A -> B: Ping;
        }
    }
}

fn main() {}
