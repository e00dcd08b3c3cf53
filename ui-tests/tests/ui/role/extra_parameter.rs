use telltale_vm::{HandlerResult, choreography};

choreography! {
    pub protocol Vote(Ann, Ben, Carl) {
        Ann -> Carl: Yes(u8);
        Carl -> Ann, Ben: Done;
        Ben -> Ann: Bye;
    }
}

struct Carl;

impl vote::Carl for Carl {
    fn on_yes(&mut self, from: vote::Role, yes: u8) -> HandlerResult<()> {
        println!("{from:?} {yes}");
        Ok(())
    }
    fn done(&mut self, to: vote::Role) -> HandlerResult<()> {
        println!("{to:?}");
        Ok(())
    }
}

fn main() {}
