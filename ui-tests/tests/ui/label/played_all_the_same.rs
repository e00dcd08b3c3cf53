use telltale_vm::choreography;

choreography! {
    pub protocol P(A, B) {
        A -> B: Text(&str);
        B -> A: Any(dyn Send);
        A -> B: Part([u8]);
    }
}

struct Ann;

impl p::A for Ann {
    fn text(&mut self) -> telltale_vm::HandlerResult<&str> {
        Ok("x")
    }
    fn part(&mut self) -> telltale_vm::HandlerResult<Box<[u8]>> {
        Ok(Box::new([0]))
    }
    fn on_any(&mut self, any: dyn Send) -> telltale_vm::HandlerResult<()> {
        Ok(())
    }
}

fn main() {}
