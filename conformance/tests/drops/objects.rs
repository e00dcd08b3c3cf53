//! Role objects are dropped with their session, or with its machine, or come back.

use std::panic::{AssertUnwindSafe, catch_unwind};

use telltale_conformance::by_hand::census::{Census, Counted};
use telltale_conformance::play::ended;
use telltale_vm::{HandlerError, HandlerResult, NoHandler, VM, VMConfig, choreography};

choreography! {
    pub protocol Letter(A, B) {
        A -> B: One(Counted);
        A -> B: Two(Counted);
    }
}

/// Either role.
struct Player {
    own: Counted,
    census: Census,
    are_bombs: bool,
    fails: bool,
}

impl Player {
    fn new(census: &Census, are_bombs: bool, fails: bool) -> Self {
        let own = counted(census, are_bombs);
        Self { own, census: census.clone(), are_bombs, fails }
    }
}

fn counted(census: &Census, is_bomb: bool) -> Counted {
    if is_bomb { census.bomb() } else { census.counted() }
}

impl letter::A for Player {
    fn one(&mut self) -> HandlerResult<Counted> {
        Ok(counted(&self.census, self.are_bombs))
    }

    fn two(&mut self) -> HandlerResult<Counted> {
        Ok(counted(&self.census, self.are_bombs))
    }
}

impl letter::B for Player {
    fn on_one(&mut self, one: Counted) -> HandlerResult<()> {
        one.defused();
        if self.fails { Err(HandlerError::msg("no")) } else { Ok(()) }
    }

    fn on_two(&mut self, two: Counted) -> HandlerResult<()> {
        two.defused();
        Ok(())
    }
}

/// Runs one session in some way, with and without bombs, on its script and off it.
fn nothing_is_left(play: impl Fn(&mut VM, Player, Player)) {
    for (are_bombs, fails, turns) in (0..8).map(|it| (it & 1 > 0, it & 2 > 0, it & 4 > 0)) {
        let census = Census::default();
        let player = || Player::new(&census, are_bombs, fails);
        let mut vm = VM::new(VMConfig::default());
        let done = catch_unwind(AssertUnwindSafe(|| {
            if turns {
                vm.pause("B");
            }
            play(&mut vm, player(), player());
            drop(vm);
        }));
        let case = format!("bombs: {are_bombs}, fails: {fails}, off the script: {turns}");
        assert!(done.is_ok(), "a panic leaves the machine; {case}");
        assert_eq!(census.alive(), 0, "{case}");
    }
}

#[test]
fn detached_ones_that_go_on() {
    nothing_is_left(|vm, a, b| {
        letter::Roles { a, b }.open_detached(vm).expect("there is room");
        drop(vm.run(&NoHandler, 100));
        vm.resume("B");
        drop(vm.run(&NoHandler, 100));
    });
}

#[test]
fn detached_ones_that_are_cancelled() {
    nothing_is_left(|vm, a, b| {
        let session = letter::Roles { a, b }.open_detached(vm).expect("there is room");
        vm.run(&NoHandler, 0).expect("nothing happens");
        vm.step(&NoHandler).expect("one role has a turn");
        drop(vm.cancel(session, "enough"));
    });
}

#[test]
fn those_that_come_back() {
    nothing_is_left(|vm, a, b| {
        let session = letter::Roles { a, b }.open(vm).expect("there is room");
        drop(vm.run(&NoHandler, 100));
        vm.resume("B");
        drop(vm.run(&NoHandler, 100));
        let (_, roles) = ended(session.into_roles(vm)).expect("it has ended");
        roles.a.own.defused();
        roles.b.own.defused();
    });
}

#[test]
fn those_that_are_dropped_with_their_machine() {
    nothing_is_left(|vm, a, b| {
        let _forgotten = letter::Roles { a, b }.open(vm).expect("there is room");
        drop(vm.run(&NoHandler, 100));
    });
}
