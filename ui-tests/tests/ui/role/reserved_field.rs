use telltale_vm::choreography;

choreography! {
    protocol Theatre(Actor, Outcome) {
        Actor -> Outcome: Begin;
    }
}

fn main() {}
