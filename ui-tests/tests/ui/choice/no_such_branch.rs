use telltale_vm::choreography;
use telltale_vm::HandlerResult;

choreography! {
    protocol Ask(Alice, Bob) {
        choice at Alice {
            Alice -> Bob: Yes;
        } or {
            Alice -> Bob: No;
        }
    }
}

struct Alice;

impl ask::Alice for Alice {
    fn choose(&mut self) -> HandlerResult<ask::AliceChoice> {
        Ok(ask::AliceChoice::Perhaps)
    }
}

fn main() {}
