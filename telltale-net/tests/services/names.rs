//! Names for what objects do to the world outside.

use telltale_net::engine::memory::Memory;
use telltale_net::{Server, Service, Step};
use telltale_vm::loader::CodeImage;

use super::purchase::{Customers, World, purchase, start, who_wants, work};

const ASKED: [&str; 4] = ["x", "Customer/0/x", "x/0", "x%2F0"];

/// Customers who ask for names twice, and for nothing else.
struct Namers(World);

impl Service for Namers {
    type Roles = <Customers as Service>::Roles;
    type State = ();

    fn image(&self) -> &CodeImage {
        &purchase::IMAGE
    }
    fn role(&self) -> &'static str {
        "Customer"
    }
    fn restore(&self, step: &Step, _: Option<()>) -> Self::Roles {
        for what in ASKED.into_iter().chain(ASKED) {
            self.0.note(step.idempotency_key(what), String::new());
        }
        who_wants(Err("nothing is worth it"))
    }
    fn save(&self, _: &Self::Roles) {}
}

/// Whatever sessions and doings are called, and also when a session is called as one that is forgotten.
#[test]
fn no_two_doings_have_the_same_name() {
    let (engine, world) = (Memory::new(), World::default());
    let server = Server::new(engine.clone()).serve(Namers(world.clone()));
    let sessions = ["s", "s/Customer/0", "s%2FCustomer%2F0", "s/1", "s"];
    for session in sessions {
        start(&engine, session);
        work(&server);
        assert_eq!(engine.forget_ended(), 1);
    }
    assert_eq!(world.notes().len(), sessions.len() * ASKED.len() * 2, "{:?}", world.notes());
    assert!(world.notes().contains_key("s/1/Customer/0/x/1"), "{:?}", world.notes());
}
