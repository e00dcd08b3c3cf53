use std::rc::Rc;

use telltale_vm::{HandlerResult, choreography};

choreography! {
    pub protocol Hello(A, B) {
        A -> B: Hello(Rc<u8>);
    }
}

struct Ben(Rc<u8>);

impl hello::B for Ben {
    fn on_hello(&mut self, _: Rc<u8>) -> HandlerResult<()> {
        Ok(())
    }
}

fn main() {}
