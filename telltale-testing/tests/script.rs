//! Roles that are played line by line, and what is said when something else happens.

mod support;

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};

use support::{Point, Roles, Shop, auction, drawing, purchase, roles, wrong};
use telltale_testing::{Random, Schedule, Script, ScriptError};
use telltale_vm::{
    Branch, ByHandler, Cause, Context, EffectHandler, HandlerError, HandlerResult, LabelId, Picked,
    Progress, RoleId, SessionError, ThreadedVM, VM, VMConfig, Value,
};

/// Somebody buys a teapot, line by line.
fn teapot() -> Script {
    Script::new()
        .send("Customer", "Ask", "a teapot")
        .expect("Customer", "Price", 25)
        .choose("Customer", "Buy", "Rose Street 7")
        .expect("Warehouse", "Pack", "a teapot for Rose Street 7")
        .send("Warehouse", "Parcel", 4711)
        .expect("Customer", "Parcel", 4711)
}

/// The rest of a text behind the place of a line, which must be in this file.
fn around(error: &str) -> (String, String) {
    let (before, rest) = error.split_once(file!()).expect("it names this file");
    let (place, after) = rest.split_once(')').unwrap_or((rest, ""));
    assert!(
        place.split(':').filter(|part| !part.is_empty()).all(|part| part.parse::<u32>().is_ok())
    );
    let before = before.split_once(": ").map_or(before, |(_, sentence)| sentence);
    let before = before.split_once("`: ").map_or(before, |(_, sentence)| sentence);
    (before.to_owned(), after.to_owned())
}

/// Plays the script, which does not work, and gives what is said before and behind the place of its line.
#[track_caller]
fn refused(script: &Script) -> (String, String) {
    around(&wrong(roles().play_with(script)))
}

#[track_caller]
fn assert_refused(script: &Script, before: &str, after: &str) {
    let (found_before, found_after) = refused(script);
    assert_eq!((found_before.as_str(), found_after.as_str()), (before, after));
}

mod what_is_written_happens {
    use super::*;

    #[test]
    fn in_one_session() -> Result<(), Box<dyn std::error::Error>> {
        let script = teapot();
        let roles = roles().play_with(&script)?;
        assert_eq!(roles.shop.address, "Rose Street 7");
        Ok(script.finish()?)
    }

    #[test]
    fn with_typed_payloads_as_well() {
        let script = Script::new()
            .strict()
            .send("Customer", "Ask", "a piano".to_owned())
            .expect("Customer", "Price", 1_000_u64)
            .choose("Customer", "Leave", ())
            .expect("Warehouse", "Rest", ());
        roles().play_with(&script).expect("it is what happens");
        script.finish().expect("all of it");
    }

    #[test]
    fn in_two_sessions_of_one_machine() {
        let script = teapot();
        let mut vm = VM::default();
        let sessions = [(); 2].map(|()| roles().open(&mut vm).expect("there is room"));
        assert_eq!(vm.run(&script, 100).expect("no session faults"), Progress::Complete);
        for session in sessions {
            let roles = session.into_roles(&mut vm).expect("it is complete");
            assert_eq!(roles.shop.asked_for, "a teapot");
        }
        script.finish().expect("both have used all lines");
    }

    #[test]
    fn once_more_with_the_same_script() {
        let script = teapot();
        for is_finished in [true, false, false] {
            roles().play_with(&script).expect("it is what happens");
            if is_finished {
                script.finish().expect("all lines have been used");
            }
        }
        script.finish().expect("all lines have been used");
    }

    /// Sessions of two machines have one name, and are two sessions.
    #[test]
    fn in_two_machines_at_once() {
        let script = teapot();
        let mut vms = [VM::default(), VM::default()];
        let sessions = vms.each_mut().map(|vm| roles().open(vm).expect("there is room"));
        assert_eq!(sessions[0].id(), sessions[1].id());
        while vms.iter().any(|vm| vm.progress() == Progress::OutOfFuel) {
            for vm in &mut vms {
                vm.step(&script).expect("no session faults");
            }
        }
        script.finish().expect("both have used all lines");
        for (vm, session) in vms.iter_mut().zip(sessions) {
            session.into_roles(vm).expect("it is complete");
        }
        let unfinished = teapot();
        let mut vm = VM::default();
        let session = roles().open(&mut vm).expect("there is room");
        vm.pause("Warehouse");
        vm.run(&unfinished, 100).expect("no session faults");
        roles().play_with(&unfinished).expect("this one is complete");
        assert!(unfinished.finish().is_err() && session.into_roles(&mut vm).is_err());
    }

    #[test]
    fn on_several_threads() {
        let script = teapot();
        let workers = NonZeroUsize::new(2).expect("some");
        let mut vm = ThreadedVM::new(VMConfig::default(), workers);
        let sessions = [(); 20].map(|()| roles().open(&mut vm).expect("there is room"));
        assert_eq!(vm.run(&script, 100).expect("no session faults"), Progress::Complete);
        script.finish().expect("all have used all lines");
        assert!(sessions.iter().all(|session| session.into_roles(&mut vm).is_ok()));
    }

    #[test]
    fn with_all_roles_by_the_handler() {
        let script = teapot()
            .expect("Shop", "Ask", "a teapot")
            .send("Shop", "Price", 25)
            .expect_that("Shop", "Buy", |address: &String| address.starts_with("Rose"))
            .send("Shop", "Pack", "a teapot for Rose Street 7")
            .strict();
        let mut vm = VM::default();
        vm.load_choreography(&purchase::IMAGE).expect("there is room");
        vm.run(&script, 100).expect("no session faults");
        script.finish().expect("all lines have been used");
    }

    #[test]
    fn what_is_received_needs_no_line() {
        let script = Script::new()
            .send("Customer", "Ask", "a teapot")
            .choose("Customer", "Buy", "Rose Street 7")
            .send("Warehouse", "Parcel", 4711);
        roles().play_with(&script).expect("it is what happens");
        script.finish().expect("all lines have been used");
    }

    #[test]
    fn a_choice_may_be_written_as_what_is_sent() {
        let script = Script::new().send("Customer", "Ask", "tea").send("Customer", "Leave", ());
        roles().play_with(&script).expect("it is what happens");
    }

    #[test]
    fn others_may_do_what_they_like() {
        let script = Script::new()
            .send("Customer", "Ask", "a teapot")
            .choose("Customer", "Buy", "Rose Street 7")
            .expect_any("Customer", "Parcel")
            .others(Random::new(3));
        roles().play_with(&script).expect("the warehouse has a number");
        script.finish().expect("all lines have been used");
    }

    /// Asks the script, and forgets the first answer to each question.
    struct Forgetful(Script, AtomicBool);

    impl Forgetful {
        fn forgets<T>(&self, answer: HandlerResult<T>) -> HandlerResult<T> {
            let is_remembered = self.1.fetch_not(Ordering::Relaxed);
            if is_remembered { answer } else { Err(HandlerError::pending()) }
        }
    }

    impl EffectHandler for Forgetful {
        fn send(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
            self.forgets(EffectHandler::send(&self.0, cx, to, label))
        }
        fn receive(
            &self,
            cx: &Context<'_>,
            from: RoleId,
            label: LabelId,
            value: Value,
        ) -> HandlerResult<()> {
            self.0.receive(cx, from, label, value)
        }
        fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
            self.forgets(EffectHandler::choose(&self.0, cx, branches))
        }
    }

    #[test]
    fn a_role_that_is_asked_again_gives_the_same_answer() {
        let forgetful = Forgetful(teapot(), AtomicBool::new(false));
        let mut vm = Schedule::default().vm();
        let session = roles().open(&mut vm).expect("there is room");
        for role in ["Customer", "Customer", "Warehouse"] {
            assert_eq!(vm.run(&forgetful).expect("no session faults"), Progress::Waiting);
            vm.wake(session.id(), role).expect("it waits for its handler");
        }
        assert_eq!(vm.run(&forgetful).expect("no session faults"), Progress::Complete);
        assert_eq!(session.into_roles(&mut vm).expect("complete").shop.address, "Rose Street 7");
        forgetful.0.finish().expect("all lines have been used");
    }
}

mod something_else_happens {
    use super::*;

    #[test]
    fn another_label_is_asked_for() {
        let line = line!() + 1;
        let script = Script::new().send("Customer", "Question", "a teapot");
        let played = roles().play_with(&script).map_err(|error| error.into_parts().0);
        let Err(telltale_vm::VMError::Incomplete { error: SessionError::Faulted(fault), .. }) =
            played
        else {
            panic!("the session faults");
        };
        let Cause::Handler(error) = &fault.cause else { panic!("its handler has given up") };
        let error: &ScriptError = error.downcast_ref().expect("the error of a script");
        assert_eq!(error.role(), "Customer");
        let at = error.location().expect("it has a line");
        assert_eq!((at.file(), at.line()), (file!(), line));
        let text =
            format!("expected `Customer` to send `Question` ({at}), but it is asked for `Ask`");
        assert_eq!(error.to_string(), text);
        assert_eq!(format!("{error:?}"), text);
    }

    #[test]
    fn another_branch_is_there() {
        let script = Script::new().send("Customer", "Ask", "tea").choose("Customer", "Haggle", 3);
        assert_refused(
            &script,
            "expected `Customer` to choose `Haggle` (",
            ", but it decides between `Buy` and `Leave`",
        );
    }

    #[test]
    fn a_role_is_asked_before_it_receives() {
        let script = Script::new().expect("Customer", "Price", 25);
        assert_refused(
            &script,
            "expected `Customer` to receive `Price` with 25 (",
            ", but it is asked for `Ask`",
        );
    }

    #[test]
    fn another_message_or_payload_arrives() {
        let script = || Script::new().send("Customer", "Ask", "a piano");
        let cases = [
            (script().expect("Customer", "Price", 25), " `Price` with 25 ("),
            (script().expect("Customer", "Price", 25_u64), " `Price` with 25 ("),
            (script().expect("Customer", "Price", "cheap"), " `Price` with \"cheap\" ("),
            (
                script().expect_that("Customer", "Price", |p: &u64| *p < 30),
                " `Price` as the line says (",
            ),
            (
                script().expect_that("Customer", "Price", |_: &Point| true),
                " `Price` as the line says (",
            ),
            (script().expect_any("Customer", "Offer"), " `Offer` ("),
        ];
        for (script, line) in cases {
            let before = format!("expected `Customer` to receive{line}");
            assert_refused(&script, &before, ", but it received `Price` with 1000");
        }
    }

    #[test]
    fn the_lines_are_too_few() {
        let script = Script::new().send("Customer", "Ask", "tea");
        let error = wrong(roles().play_with(&script));
        assert!(
            error.contains(&format!(": the last line for `Customer` is at {}:", file!())),
            "{error}"
        );
        assert!(error.ends_with(", but it decides between `Buy` and `Leave`"), "{error}");
        let script =
            Script::new().send("Customer", "Ask", "tea").choose("Customer", "Buy", "Rose Street 7");
        let error = wrong(roles().play_with(&script));
        let text = "the script has no line for `Warehouse`, but it is asked for `Parcel`";
        assert!(error.ends_with(text), "{error}");
    }

    #[test]
    fn the_lines_are_too_many() {
        let script = teapot().expect("Customer", "Bill", 25);
        roles().play_with(&script).expect("nobody is asked for more");
        let error = script.finish().expect_err("a line is left").to_string();
        let (before, after) = around(&error);
        assert_eq!(before, "expected `Customer` to receive `Bill` with 25 (");
        assert_eq!(after, ", but it did not come to that");
        script.finish().expect_err("nobody has played it since");
    }

    #[test]
    fn a_role_has_another_name() {
        let script = teapot().expect("Carrier", "Parcel", 4711);
        roles().play_with(&script).expect("nobody knows a carrier");
        let (before, after) = around(&script.finish().expect_err("a line is left").to_string());
        assert_eq!(before, "expected `Carrier` to receive `Parcel` with 4711 (");
        assert_eq!(after, ", but no role of this name was asked or told anything");
    }

    #[test]
    fn one_of_two_sessions_has_not_come_so_far() {
        let script = teapot();
        let mut vm = VM::default();
        let sessions = [(); 2].map(|()| roles().open(&mut vm).expect("there is room"));
        vm.run(&script, 1).expect("no session faults");
        vm.pause("Warehouse");
        let third = roles().open(&mut vm).expect("there is room");
        vm.run(&script, 100).expect("no session faults");
        let error = script.finish().expect_err("the warehouse is paused").to_string();
        assert!(
            error.ends_with(&format!(
                ", but no role of this name was asked or told anything in session {}",
                third.id()
            )),
            "{error}"
        );
        assert!(sessions.iter().all(|session| session.into_roles(&mut vm).is_ok()));
    }

    #[test]
    fn strict_scripts_want_all_that_is_received() {
        let script = Script::new().strict().send("Customer", "Ask", "a teapot").choose(
            "Customer",
            "Leave",
            (),
        );
        assert_refused(
            &script,
            "expected `Customer` to choose `Leave` (",
            ", but it received `Price` with 25",
        );
        let script = Script::new().strict().send("Customer", "Ask", "a teapot");
        let error = wrong(roles().play_with(&script));
        assert!(error.ends_with(", but it received `Price` with 25"), "{error}");
    }

    #[test]
    fn the_payload_is_of_another_type() {
        let script = Script::new().send("Customer", "Ask", 7);
        assert_refused(
            &script,
            "expected `Customer` to send `Ask` (",
            ", but `Ask` carries `String` and not 7",
        );
        let script = Script::new().send("Customer", "Ask", "tea").choose(
            "Customer",
            "Buy",
            Point { x: 1, y: 2 },
        );
        let (before, after) = refused(&script);
        assert_eq!(before, "expected `Customer` to choose `Buy` (");
        assert!(
            after
                .starts_with(", but `Buy` carries `{ address: String }` and not a value of type `"),
            "{after}"
        );
    }

    #[test]
    fn a_role_gives_up() {
        let script = Script::new()
            .send("Customer", "Ask", "a teapot")
            .choose("Customer", "Buy", "Rose Street 7")
            .fail("Warehouse", "Parcel", "the lorry has broken down");
        let error = roles().play_with(&script).expect_err("a role has given up");
        assert!(error.to_string().ends_with(": the lorry has broken down"), "{error}");
        let Roles { shop, .. } = error.into_roles().expect("the session has ended");
        let address = "Rose Street 7".to_owned();
        assert_eq!(shop, Shop { asked_for: "a teapot".to_owned(), address });
        script.finish().expect("giving up is what the line says");
    }
}

mod any_type {
    use super::*;

    fn painted(script: &Script) -> Result<(), String> {
        let roles = drawing::Roles { painter: ByHandler, left: ByHandler, right: ByHandler };
        roles.play_with(script).map(drop).map_err(|error| error.to_string())
    }

    fn point(x: i8, y: i8) -> Point {
        Point { x, y }
    }

    #[test]
    fn can_be_sent_and_compared() {
        let script = Script::new()
            .send("Painter", "Line", (point(0, 0), point(1, 2)))
            .expect("Left", "Line", (point(0, 0), point(1, 2)))
            .send_with("Left", "Echo", || point(3, 4))
            .expect("Right", "Echo", point(3, 4))
            .choose("Painter", "Done", ())
            .send("Left", "Done", ());
        painted(&script).expect("it is what happens");
        script.finish().expect("all lines have been used");
        let (before, after) = around(&painted(&script).expect_err("the line has been sent"));
        assert_eq!(before, "expected `Painter` to send `Line` (");
        assert!(after.starts_with(
            ", but its payload has been sent before and cannot be copied: `send_with` and"
        ));
        let script = Script::new()
            .send_with("Painter", "Line", || (point(0, 0), point(1, 2)))
            .expect("Left", "Line", (point(0, 0), point(1, 3)));
        for _ in 0..2 {
            let (_, after) = around(&painted(&script).expect_err("it is another point"));
            assert_eq!(
                after,
                ", but it received `Line` with (Point { x: 0, y: 0 }, Point { x: 1, y: 2 })"
            );
        }
    }

    #[test]
    fn branches_of_one_label_are_told_apart() {
        let played = |script: &Script| {
            let roles = auction::Roles { broker: ByHandler, alice: ByHandler, bob: ByHandler };
            roles.play_with(script).map(drop).map_err(|error| error.to_string())
        };
        for (to, other) in [("Alice", "Bob"), ("Bob", "Alice")] {
            let script = Script::new()
                .choose_to("Broker", to, "Award", 40)
                .expect(to, "Award", 40)
                .send("Broker", "Lost", ())
                .expect(other, "Lost", ());
            played(&script).expect("it is what happens");
            script.finish().expect("all lines have been used");
        }
        let script = Script::new().choose_to("Broker", "Nobody", "Award", 40);
        let (before, after) = around(&played(&script).expect_err("there is no such branch"));
        assert_eq!(before, "expected `Broker` to choose `Award` to `Nobody` (");
        assert_eq!(after, ", but it decides between `Award` and `Award`");
    }

    #[test]
    fn a_choice_makes_its_payload_anew() {
        let script = || {
            Script::new()
                .send("Customer", "Ask", "tea")
                .choose_with("Customer", "Buy", || "Rose Street 7".to_owned())
                .send("Warehouse", "Parcel", 1)
        };
        roles().play_with(&script()).expect("it is what happens");
        assert!(format!("{:?}", script()).contains("`Customer`: choose `Buy` ("));
    }
}
