use telltale_vm::{HandlerResult, choreography};

choreography! {
    pub protocol Hello(A, B) {
        A -> B: Hello(String);
    }
}

struct Ann<'a>(&'a str);
struct Ben;

impl hello::A for Ann<'_> {
    fn hello(&mut self) -> HandlerResult<String> {
        Ok(self.0.to_owned())
    }
}

impl hello::B for Ben {
    fn on_hello(&mut self, _: String) -> HandlerResult<()> {
        Ok(())
    }
}

fn main() -> Result<(), telltale_vm::VMError> {
    let name = String::from("Ann");
    hello::Roles { a: Ann(&name), b: Ben }.play()?;
    Ok(())
}
