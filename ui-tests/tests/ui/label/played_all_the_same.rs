//! What is wrong with the payload is said once; the role that carries it all the same differs by a lifetime.

use telltale_vm::{HandlerResult, choreography};

choreography! {
    pub protocol P(A, B) {
        A -> B: Text(&str);
    }
}

struct Ann;

impl p::A for Ann {
    fn text(&mut self) -> HandlerResult<&'static str> {
        Ok("x")
    }
}

struct Ben;

impl p::B for Ben {
    fn on_text(&mut self, _: &str) -> HandlerResult<()> {
        Ok(())
    }
}

fn main() {}
