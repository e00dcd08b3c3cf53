use telltale_vm::choreography;

choreography! {
    protocol Theatre(Actor, Session) {
        Actor -> Session: Begin;
    }
}

fn main() {}
