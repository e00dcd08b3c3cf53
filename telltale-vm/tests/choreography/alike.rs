//! Roles that behave alike share one implementation.

use telltale_vm::{HandlerResult, choreography};

choreography! {
    protocol Vote(Voter, Chair) {
        Chair -> Voter: Question(String);
        choice at Voter {
            Voter -> Chair: Yes;
        } or {
            Voter -> Chair: No { why: String };
        }
    }

    protocol Assembly(Chair, Left, #[like(Left)] Middle, #[like(Left)] Right) {
        do Vote(Left, Chair);
        do Vote(Middle, Chair);
        do Vote(Right, Chair);
        Left, Middle, Right -> Chair: Bye(u8);
        Chair -> Left, Middle, Right: Result(u8);
    }
}

#[derive(Debug)]
struct Voter {
    says_yes: bool,
    result: u8,
}

impl assembly::Left for Voter {
    fn on_question(&mut self, question: String) -> HandlerResult<()> {
        assert_eq!(question, "Tea?");
        Ok(())
    }
    fn choose(&mut self) -> HandlerResult<assembly::LeftChoice> {
        use assembly::LeftChoice::{No, Yes};
        Ok(if self.says_yes { Yes } else { No { why: "coffee".to_owned() } })
    }
    fn bye(&mut self) -> HandlerResult<u8> {
        Ok(1)
    }
    fn on_result(&mut self, result: u8) -> HandlerResult<()> {
        self.result = result;
        Ok(())
    }
}

#[derive(Debug, Default)]
struct Chair {
    yes: u8,
    no: Vec<assembly::Role>,
}

impl assembly::Chair for Chair {
    fn question(&mut self) -> HandlerResult<String> {
        Ok("Tea?".to_owned())
    }
    fn on_yes(&mut self) -> HandlerResult<()> {
        self.yes += 1;
        Ok(())
    }
    fn on_no(&mut self, why: String) -> HandlerResult<()> {
        assert_eq!(why, "coffee");
        Ok(())
    }
    fn on_no_from(&mut self, from: assembly::Role, why: String) -> HandlerResult<()> {
        self.no.push(from);
        self.on_no(why)
    }
    fn on_bye(&mut self, bye: u8) -> HandlerResult<()> {
        assert_eq!(bye, 1);
        Ok(())
    }
    fn result(&mut self) -> HandlerResult<u8> {
        Ok(self.yes)
    }
}

#[test]
fn one_implementation_plays_three_roles() {
    let [left, middle, right] = [true, false, true].map(|says_yes| Voter { says_yes, result: 0 });
    let roles = assembly::Roles { chair: Chair::default(), left, middle, right };
    let roles = roles.play().expect("everybody votes");
    assert_eq!((roles.chair.yes, roles.chair.no), (2, vec![assembly::Role::Middle]));
    assert_eq!([roles.left.result, roles.middle.result, roles.right.result], [2; 3]);
}
