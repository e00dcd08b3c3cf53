use telltale_vm::{HandlerResult, choreography};

choreography! {
    pub protocol Game(Dealer, Ann, Ben) {
        choice Turn at Dealer {
            Dealer -> Ann: YourTurn(u8);
            Dealer -> Ben: Wait;
        } or {
            Dealer -> Ben: YourTurn(u8);
            Dealer -> Ann: Wait;
        }
    }
}

struct Dealer;

impl game::Dealer for Dealer {
    fn turn(&mut self) -> HandlerResult<game::Turn> {
        Ok(game::Turn::YourTurn(1))
    }
}

fn main() {}
