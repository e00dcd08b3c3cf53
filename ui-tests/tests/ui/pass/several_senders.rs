//! Each of several senders sends, and the receiver is told by whom.

use telltale_vm::{HandlerResult, choreography};

choreography! {
    pub protocol Vote(Left, Right, Chair) {
        Left, Right -> Chair: Ballot(bool);
        Chair -> Left, Right: Result(u32);
    }
}

struct Voter(bool);

impl vote::Left for Voter {
    fn ballot(&mut self) -> HandlerResult<bool> {
        Ok(self.0)
    }
    fn on_result(&mut self, result: u32) -> HandlerResult<()> {
        assert_eq!(result, 1);
        Ok(())
    }
}

impl vote::Right for Voter {
    fn ballot(&mut self) -> HandlerResult<bool> {
        Ok(self.0)
    }
    fn on_result(&mut self, result: u32) -> HandlerResult<()> {
        assert_eq!(result, 1);
        Ok(())
    }
}

struct Chair(Vec<(vote::Role, bool)>);

impl vote::Chair for Chair {
    fn on_ballot(&mut self, _: bool) -> HandlerResult<()> {
        Ok(())
    }
    fn on_ballot_from(&mut self, from: vote::Role, ballot: bool) -> HandlerResult<()> {
        self.0.push((from, ballot));
        self.on_ballot(ballot)
    }
    fn result(&mut self) -> HandlerResult<u32> {
        Ok(self.0.iter().map(|(_, ballot)| u32::from(*ballot)).sum())
    }
}

fn main() {
    let roles = vote::Roles { left: Voter(true), right: Voter(false), chair: Chair(Vec::new()) };
    let Ok(roles) = roles.play() else { panic!("the vote is complete") };
    let froms: Vec<_> = roles.chair.0.iter().map(|(from, ballot)| (*from, *ballot)).collect();
    assert_eq!(froms, [(vote::Role::Left, true), (vote::Role::Right, false)]);
}
