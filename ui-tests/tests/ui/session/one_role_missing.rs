use telltale_vm::{HandlerResult, choreography};

choreography! {
    pub protocol Purchase(Customer, Shop) {
        Customer -> Shop: Ask(String);
        Shop -> Customer: Price(u64);
    }
}

struct Ann;
struct Bob;

impl purchase::Customer for Ann {
    fn ask(&mut self) -> HandlerResult<String> {
        Ok("tea".to_owned())
    }
    fn on_price(&mut self, _: u64) -> HandlerResult<()> {
        Ok(())
    }
}

impl purchase::Shop for Bob {
    fn on_ask(&mut self, _: String) -> HandlerResult<()> {
        Ok(())
    }
    fn price(&mut self) -> HandlerResult<u64> {
        Ok(3)
    }
}

fn main() -> Result<(), telltale_vm::VMError> {
    purchase::Roles { customer: Ann }.play()?;
    Ok(())
}
