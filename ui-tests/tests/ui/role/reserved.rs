use telltale_vm::choreography;

choreography! {
    protocol Theatre(Actor, Roles) {
        Actor -> Roles: Begin;
    }
}

fn main() {}
