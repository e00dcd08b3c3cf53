//! Roles that are played from outside: by calls, and in parts of a session.

mod support;

use telltale_bytecode::Instr;
use telltale_theory::oracle::{Shape, generate, generate_parallel, with_payloads};
use telltale_types::GlobalType;
use telltale_vm::generated::{Player, Players, RoleObjects, SessionHost};
use telltale_vm::loader::CodeImage;
use telltale_vm::outside::{DriveError, Outgoing, Seat, Undelivered};
use telltale_vm::{
    Branch, Cause, ChannelMode, Context, CoroStatus, EffectHandler, HandlerResult, LabelId,
    Message, NoHandler, ObsEvent, Observed, Outcome, Picked, Policy, Recording, RoleId,
    SessionError, SessionId, VM, VMConfig, VMError, Value, WhenFull, join_parts, normalize_trace,
};

use support::{Markers, image, image_of, told, value_of};

fn open(vm: &mut VM, image: &CodeImage, players: &[Player]) -> SessionId {
    vm.open_session(image, Markers::of(players.iter().copied()), false).expect("there is room")
}

/// The same number for the same role, lane and count; after many effects, always 0.
fn draw(role: RoleId, lane: u8, count: u64) -> u64 {
    let mixed =
        (u64::from(role.0) * 31 + u64::from(lane) * 7 + count).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    if count > 30 { 0 } else { mixed >> 40 }
}

/// Answers by [`draw`].
struct Drawn;

impl EffectHandler for Drawn {
    fn send(&self, cx: &Context<'_>, _: RoleId, label: LabelId) -> HandlerResult<Value> {
        Ok(value_of(cx.label(label).payload, draw(cx.role(), cx.lane(), cx.count())))
    }

    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Ok(())
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        let drawn = draw(cx.role(), cx.lane(), cx.count());
        let branch = (drawn % branches.len() as u64) as usize;
        Ok(Picked { branch, value: self.send(cx, branches[branch].peer, branches[branch].label)? })
    }
}

/// What a driven role does next, and whether it has done it.
fn act(vm: &mut VM, image: &CodeImage, seat: Seat) -> Result<bool, DriveError> {
    let Ok(view) = vm.session(seat.session) else { return Ok(false) };
    let is_it = |coro: &telltale_vm::CoroutineView<'_>| {
        coro.role() == image.names().role(seat.role) && coro.lane() == seat.lane
    };
    let coro = view.coroutines().find(is_it).expect("the seat is there");
    if coro.status() != CoroStatus::FromOutside {
        return Ok(false);
    }
    let drawn = draw(seat.role, seat.lane, coro.effects());
    let chosen = match coro.program()[coro.pc()] {
        Instr::Send { to, label, .. } => Branch { peer: to, label },
        Instr::Choose { set, .. } => {
            let branches = image.branches(set);
            branches[(drawn % branches.len() as u64) as usize]
        }
        _ => return Ok(vm.driven_receive(seat)?.is_some()),
    };
    let value = value_of(image.names().label(chosen.label).payload, drawn);
    Ok(vm.driven_send(seat, chosen.peer, chosen.label, value)?.is_none())
}

/// All seats of a session whose roles are driven.
fn seats(vm: &VM, image: &CodeImage, session: SessionId, players: &[Player]) -> Vec<Seat> {
    let Ok(view) = vm.session(session) else { return Vec::new() };
    let seats = view.coroutines().map(|coro| {
        let role = image.names().find_role(coro.role()).expect("a role of the protocol");
        Seat { session, role, lane: coro.lane() }
    });
    seats.filter(|seat| players[seat.role.index()] == Player::Driven).collect()
}

/// What happens to a machine between two calls; the only session of it is called by this name then.
type Between = fn(&mut VM, &CodeImage, &[Player], SessionId) -> SessionId;

/// Plays a session whose driven roles act when they are woken, and one after the other; the handler plays the others.
fn play(vm: &mut VM, image: &CodeImage, players: &[Player], between: Between) -> Option<Outcome> {
    let mut session = open(vm, image, players);
    // At first everyone tries; later those who have been named.
    let mut could_act = seats(vm, image, session, players);
    for _ in 0..2_000 {
        let mut forked = Vec::new();
        for seat in could_act.drain(..) {
            while act(vm, image, Seat { session, ..seat }).expect("it is what the protocol allows")
            {
                forked.extend(seats(vm, image, session, players));
                session = between(vm, image, players, session);
            }
        }
        session = between(vm, image, players, session);
        vm.run(&Drawn, 1_000).expect("nobody faults");
        vm.take_woken(&mut could_act);
        could_act.extend(forked);
        if vm.open_sessions() == 0 {
            break;
        }
    }
    let mut ended = Vec::new();
    vm.take_ended(&mut ended);
    ended.pop().map(|(_, outcome)| outcome)
}

fn by_handler(image: &CodeImage) -> Option<Vec<ObsEvent>> {
    let mut vm = VM::default();
    vm.load_choreography(image).expect("there is room");
    vm.run(&Drawn, 10_000).expect("nobody faults");
    (vm.open_sessions() == 0).then(|| normalize_trace(&vm.trace()))
}

/// Protocols that end, whatever is drawn.
fn protocols() -> impl Iterator<Item = (String, CodeImage)> {
    let shape = Shape { roles: 3, states: 6, exits: 3, labels: 3 };
    let of_seed = move |seed| [generate(seed, shape), generate_parallel(seed, shape)];
    let globals = (0..90).flat_map(of_seed);
    globals.filter_map(|global: GlobalType| {
        let payloads = ["u64", "()", "String", "i64"];
        let global = with_payloads(&global, |name| payloads[name.len() % payloads.len()]);
        let image = support::try_image(&global)?;
        Some((global.to_string(), image))
    })
}

fn has_lanes(image: &CodeImage) -> bool {
    image.names().roles().any(|(role, _)| image.lane_count(role) > 0)
}

/// Which of so many roles are in the set with a number.
fn chosen(roles: usize, number: u32, yes: Player, no: Player) -> Vec<Player> {
    (0..roles).map(|role| if number >> role & 1 == 1 { yes } else { no }).collect()
}

#[test]
fn driven_roles_do_what_a_handler_does() {
    let (mut played, mut with_lanes) = (0, 0);
    for (text, image) in protocols() {
        let Some(expected) = by_handler(&image) else { continue };
        let roles = image.names().role_count();
        for number in 1..1_u32 << roles {
            let players = chosen(roles, number, Player::Driven, Player::Handler);
            for policy in [Policy::Cooperative, Policy::RoundRobin, Policy::ProgressAware] {
                let mut vm = VM::new(VMConfig { policy, capacity: 2, ..VMConfig::default() });
                let outcome = play(&mut vm, &image, &players, |_, _, _, session| session);
                assert_eq!(outcome, Some(Ok(())), "{text}: {players:?}");
                assert_eq!(normalize_trace(&vm.trace()), expected, "{text}: {players:?}");
            }
            played += 1;
        }
        with_lanes += usize::from(has_lanes(&image));
    }
    assert!(played > 200 && with_lanes > 10, "only {played} were played, {with_lanes} with lanes");
}

/// All that a machine says about a call, and about the session afterwards.
fn told_by(vm: &mut VM, image: &CodeImage, seat: Seat, call: u64) -> String {
    let answer = match call % 5 {
        0 => format!("{:?}", vm.driven_is_ready(seat)),
        1 => format!("{:?}", vm.driven_receive(seat)),
        _ => format!("{:?}", act(vm, image, seat)),
    };
    let (mut woken, mut ended) = (Vec::new(), Vec::new());
    vm.take_woken(&mut woken);
    vm.take_ended(&mut ended);
    let session = vm.session(seat.session).map(|session| session.to_string());
    format!("{answer}, woken {woken:?}, ended {ended:?}, then {session:?}")
}

/// Most messages of driven roles have a shorter way, which a machine that records does not take.
#[test]
fn what_is_recorded_changes_no_answer() {
    let full = [WhenFull::Block, WhenFull::Drop, WhenFull::Error, WhenFull::Resize];
    let rules_of = full.map(|when_full| {
        [ChannelMode::Fifo, ChannelMode::LatestValue].map(|mode| (when_full, mode))
    });
    let (mut done, mut refused) = (0, 0);
    for ((text, image), number) in protocols().zip(0_u64..).step_by(2) {
        let roles = image.names().role_count();
        let (when_full, mode) = rules_of[number as usize / 2 % 4][number as usize / 8 % 2];
        let capacity = [1, 2, 8][number as usize % 3];
        // All are driven, or all but one.
        let driven = u32::MAX ^ (1_u32 << (number / 2 % 4));
        let players = chosen(roles, driven, Player::Driven, Player::Handler);
        let mut machines = [Recording::Off, Recording::Full].map(|recording| {
            let config = VMConfig { recording, capacity, when_full, mode, ..VMConfig::default() };
            let mut vm = VM::new(config);
            let session = open(&mut vm, &image, &players);
            (vm, session)
        });
        for call in 0..60 {
            let drawn = draw(RoleId(0), 0, number * 200 + call % 30) ^ call;
            if machines.iter().all(|(vm, _)| vm.open_sessions() == 0) {
                break;
            }
            let told = machines.each_mut().map(|(vm, session)| {
                match drawn % 23 {
                    0 => drop(vm.pause("A")),
                    1 | 2 => drop(vm.resume("A")),
                    _ => {}
                }
                let seats = seats(vm, &image, *session, &players);
                let seat = seats.get(drawn as usize % seats.len().max(1)).copied();
                let told = seat.map(|seat| told_by(vm, &image, seat, drawn / 23));
                let _faults_are_ends = vm.run(&Drawn, 1_000);
                told
            });
            assert_eq!(told[0], told[1], "{text}: {players:?}");
            done += usize::from(told[0].as_ref().is_some_and(|told| told.starts_with("Ok")));
            refused += usize::from(told[0].as_ref().is_some_and(|told| told.starts_with("Err")));
        }
    }
    assert!(done > 1_000 && refused > 100, "{done} done, {refused} refused");
}

/// Lets two parts talk until both are complete.
fn converse(
    image: &CodeImage,
    number: u32,
    capacity: u16,
    between: Between,
) -> Option<[Vec<ObsEvent>; 2]> {
    let roles = image.names().role_count();
    let mut parts = [0, 1].map(|part| {
        let here = if part == 0 { number } else { !number };
        let mut vm = VM::new(VMConfig { capacity, ..VMConfig::default() });
        let players = chosen(roles, here, Player::Handler, Player::Elsewhere);
        let session = open(&mut vm, image, &players);
        (vm, session, players)
    });
    let (mut waiting, mut outgoing) = ([Vec::new(), Vec::new()], Vec::new());
    for _ in 0..5_000 {
        for at in [0, 1] {
            let (vm, session, players) = &mut parts[at];
            let incoming: Vec<Outgoing> = std::mem::take(&mut waiting[at]);
            for incoming in incoming {
                if let Err(Undelivered { incoming, error }) = vm.deliver(*session, incoming) {
                    assert!(matches!(error, VMError::ChannelFull { .. }), "{error}");
                    waiting[at].push(incoming);
                }
            }
            vm.run(&Drawn, 1_000).expect("nobody faults");
            *session = between(vm, image, players, *session);
            vm.take_outgoing(*session, &mut outgoing).expect("it is one of this VM");
            waiting[1 - at].append(&mut outgoing);
            *session = between(vm, image, players, *session);
        }
        if parts.iter().all(|(vm, ..)| vm.open_sessions() == 0) {
            break;
        }
    }
    let traces = parts.each_ref().map(|(vm, ..)| vm.trace());
    let mut ended = Vec::new();
    for (vm, ..) in &mut parts {
        vm.take_ended(&mut ended);
    }
    (ended.len() == 2 && ended.iter().all(|(_, outcome)| outcome.is_ok())).then_some(traces)
}

/// Whether a role may stop: it waits until it hears that others are done.
fn may_stop(image: &CodeImage) -> bool {
    image.local_types.iter().any(|(_, local)| {
        local.states().any(|state| local.may_end(state) && local.exits(state).next().is_some())
    })
}

#[test]
fn two_parts_do_together_what_one_machine_does() {
    let (mut played, mut with_lanes) = (0, 0);
    for (text, image) in protocols() {
        let Some(expected) = by_handler(&image).filter(|_| !may_stop(&image)) else { continue };
        let roles = image.names().role_count();
        for number in 1..(1_u32 << roles) - 1 {
            for capacity in [1, 8] {
                let traces = converse(&image, number, capacity, |_, _, _, session| session)
                    .unwrap_or_else(|| panic!("{text}: {number:b}"));
                let joined = join_parts(&traces);
                assert_eq!(normalize_trace(&joined), expected, "{text}: {number:b}");
            }
            played += 1;
        }
        with_lanes += usize::from(has_lanes(&image));
    }
    assert!(played > 100 && with_lanes > 5, "only {played} were played, {with_lanes} with lanes");
}

/// A machine is written down and goes on as another.
#[cfg(feature = "serde")]
mod resumed {
    use telltale_vm::Session;
    use telltale_vm::snapshot::Snapshot;

    use super::*;

    /// As long as the session runs: then nothing else is left of it.
    fn again(vm: &mut VM, image: &CodeImage, players: &[Player], old: SessionId) -> SessionId {
        if vm.session(old).is_err() {
            return old;
        }
        let bytes = vm.snapshot().expect("numbers and texts").to_bytes();
        let snapshot = Snapshot::from_bytes(&bytes).expect("it has just been written");
        *vm = snapshot.resume([image]).expect("it is the same image");
        let session = vm.session_numbered(old.ordinal()).expect("it is running");
        let _ = Session::attach(vm, session, image, Markers::of(players.iter().copied()))
            .expect("it waits for them");
        session
    }

    #[test]
    fn driven_roles_go_on_in_another_machine() {
        let mut played = 0;
        for (text, image) in protocols().step_by(15) {
            let Some(expected) = by_handler(&image) else { continue };
            for number in 1..1_u32 << image.names().role_count() {
                let players =
                    chosen(image.names().role_count(), number, Player::Driven, Player::Handler);
                let mut vm = VM::new(VMConfig { capacity: 2, ..VMConfig::default() });
                let outcome = play(&mut vm, &image, &players, again);
                assert_eq!(outcome, Some(Ok(())), "{text}: {players:?}");
                assert_eq!(normalize_trace(&vm.trace()), expected, "{text}: {players:?}");
                played += 1;
            }
        }
        assert!(played > 10, "only {played} were played");
    }

    #[test]
    fn parts_go_on_in_other_machines() {
        let mut played = 0;
        for (text, image) in protocols().step_by(15) {
            let roles = image.names().role_count();
            for number in 1..(1_u32 << roles) - 1 {
                let Some(expected) = converse(&image, number, 2, |_, _, _, session| session) else {
                    continue;
                };
                let resumed = converse(&image, number, 2, again);
                let resumed = resumed.unwrap_or_else(|| panic!("{text}: {number:b}"));
                assert_eq!(resumed, expected, "{text}: {number:b}");
                played += 1;
            }
        }
        assert!(played > 10, "only {played} were played");
    }
}

/// `A` here and `B`, which begins, elsewhere.
fn part_of(text: &str) -> (VM, SessionId, CodeImage) {
    let image = image_of(text, "u64");
    let mut vm = VM::default();
    let session = open(&mut vm, &image, &[Player::Elsewhere, Player::Handler]);
    (vm, session, image)
}

fn from_b(label: u16, value: Value, number: u64) -> Outgoing {
    let message = Message { from: RoleId(0), to: RoleId(1), lane: 0, label: LabelId(label), value };
    Outgoing { message, number }
}

fn fault_of(vm: &VM) -> String {
    let (_, fault) = vm.faults().next().expect("the part has faulted");
    fault.to_string()
}

#[test]
fn what_cannot_be_a_message_of_its_sender_names_him() {
    let wrong: [(Outgoing, &str); 5] = [
        (
            from_b(0, Value::Uint(1), 1),
            "`B`: expected message 0 to `A` from elsewhere, found message 1, `x(u64)`",
        ),
        (
            from_b(0, Value::text("no"), 0),
            "`B`: expected `x(u64)` from elsewhere, found `x(u64)` with text",
        ),
        (
            from_b(9, Value::Unit, 0),
            "`B`: expected a message of the protocol from elsewhere, found one that needs a label 9",
        ),
        (
            Outgoing {
                message: Message { lane: 3, ..from_b(0, Value::Uint(1), 0).message },
                number: 0,
            },
            "`B`: expected a message of the protocol from elsewhere, found one that needs a channel 3 from `B` to `A`",
        ),
        (
            Outgoing {
                message: Message { to: RoleId(7), ..from_b(0, Value::Uint(1), 0).message },
                number: 0,
            },
            "`B`: expected a message of the protocol from elsewhere, found one that needs a channel from `B` to role 7",
        ),
    ];
    for (incoming, expected) in wrong {
        let (mut vm, session, image) = part_of("B→A:x. A→B:y. end");
        let other = open(&mut vm, &image, &[Player::Elsewhere, Player::Handler]);
        let refused = vm.deliver(session, incoming).expect_err("it is wrong");
        assert!(matches!(refused.error, VMError::StaleSession { .. }), "{refused}");
        assert_eq!(fault_of(&vm), expected);
        assert_eq!(vm.open_sessions(), 1);
        let mut ended = Vec::new();
        vm.take_ended(&mut ended);
        assert!(matches!(&ended[..], [(id, Err(SessionError::Faulted(_)))] if *id == session));
        vm.deliver(other, from_b(0, Value::Uint(1), 0)).expect("the other part goes on");
    }
}

#[test]
fn a_message_twice_is_a_fault() {
    let (mut vm, session, _) = part_of("B→A:x. B→A:x. A→B:y. end");
    vm.deliver(session, from_b(0, Value::Uint(1), 0)).expect("the first");
    vm.deliver(session, from_b(0, Value::Uint(1), 0)).expect_err("the first again");
    assert!(fault_of(&vm).contains("expected message 1 to `A` from elsewhere, found message 0"));
}

#[test]
fn what_the_protocol_does_not_allow_now_is_found_by_the_receiver() {
    let (mut vm, session, _) = part_of("B→A:x. B→A:y. end");
    vm.deliver(session, from_b(1, Value::Uint(1), 0)).expect("it could come later");
    vm.run(&Drawn, 10).expect_err("nobody else tells");
    assert_eq!(fault_of(&vm), "`A` at `recv B?x(u64)`: expected `x(u64)` from `B`, found `y(u64)`");
}

#[test]
fn foreign_messages_change_nothing() {
    let (mut vm, session, image) = part_of("B→A:x. A→B:y. end");
    let own = Message { from: RoleId(1), to: RoleId(0), ..from_b(1, Value::Uint(1), 0).message };
    let refused =
        vm.deliver(session, Outgoing { message: own, number: 0 }).expect_err("it is ours");
    assert_eq!(refused.to_string(), "session #0 has no role 1 that is played elsewhere");
    let whole = vm.load_choreography(&image).expect("room");
    let refused = vm.deliver(whole, from_b(0, Value::Uint(1), 0)).expect_err("it is no part");
    assert_eq!(refused.incoming.message.label, LabelId(0));
    let mut elsewhere = VM::default();
    let foreign = elsewhere.load_choreography(&image).expect("room");
    assert!(matches!(
        vm.deliver(foreign, from_b(0, Value::Uint(1), 0)).expect_err("foreign").error,
        VMError::ForeignSession { .. }
    ));
    vm.deliver(session, from_b(0, Value::Uint(1), 0)).expect("it goes on");
    vm.run(&Drawn, 10).expect("nobody faults");
    let mut outgoing = Vec::new();
    vm.take_outgoing(session, &mut outgoing).expect("it is one of this VM");
    assert_eq!(outgoing.len(), 1);
    assert_eq!(outgoing[0].number, 0);
    let mut ended = Vec::new();
    vm.take_ended(&mut ended);
    assert_eq!(ended, [(session, Ok(()))]);
    vm.take_outgoing(session, &mut outgoing).expect("who has ended hands out nothing");
    assert_eq!(outgoing.len(), 1);
}

#[test]
fn a_full_channel_holds_up_its_sender_until_it_is_handed_out() {
    let image = image_of("A→B:x. A→B:x. A→B:x. end", "u64");
    let mut vm = VM::new(VMConfig { capacity: 1, ..VMConfig::default() });
    let session = open(&mut vm, &image, &[Player::Handler, Player::Elsewhere]);
    let mut outgoing = Vec::new();
    for sent in 1..=3 {
        vm.run(&Drawn, 10).expect("nobody faults");
        vm.take_outgoing(session, &mut outgoing).expect("it is open");
        assert_eq!(outgoing.len(), sent);
    }
    let numbers: Vec<u64> = outgoing.iter().map(|outgoing| outgoing.number).collect();
    assert_eq!(numbers, [0, 1, 2]);
    vm.run(&Drawn, 10).expect("nobody faults");
    assert_eq!(vm.open_sessions(), 0);
}

#[test]
fn who_may_stop_waits_until_nothing_can_come() {
    let image = image_of("B→{A:x. A→B:z. end; C:y. end}", "u64");
    let roles: Vec<&str> = image.names().roles().map(|(_, name)| name).collect();
    let here =
        roles.iter().map(|role| if *role == "C" { Player::Handler } else { Player::Elsewhere });
    let mut vm = VM::default();
    let session = vm.open_session(&image, Markers::of(here), false).expect("room");
    vm.run(&Drawn, 10).expect("nobody faults");
    assert_eq!(vm.open_sessions(), 1, "it could still receive `y`");
    for role in ["A", "B"] {
        let id = image.names().find_role(role).expect("a role");
        vm.elsewhere_is_done(session, id).expect("it is elsewhere");
    }
    assert_eq!(vm.open_sessions(), 0);
    let own = image.names().find_role("C").expect("a role");
    assert!(vm.elsewhere_is_done(session, own).is_err());
}

#[test]
fn an_error_says_what_a_driven_role_does_instead() {
    let image = image("A→{B:x. B→A:z. end; B:y. end}");
    let mut vm = VM::default();
    let session = open(&mut vm, &image, &[Player::Driven, Player::Driven]);
    let [a, b] = [0, 1].map(|role| Seat { session, role: RoleId(role), lane: 0 });
    let label = |name: &str| image.names().find_label(name).expect("a label");
    let error = vm.driven_receive(a).expect_err("it sends");
    assert_eq!(
        error.to_string(),
        "`A` may not do that: expected `choose B!x, B!y`, found `receive`"
    );
    let error = vm.driven_send(b, a.role, label("z"), Value::Unit).expect_err("it receives");
    assert_eq!(
        error.to_string(),
        "`B` may not do that: expected `offer A?x, A?y`, found `send A!z`"
    );
    let error =
        vm.driven_send(a, b.role, label("x"), Value::Uint(1)).expect_err("it carries nothing");
    assert_eq!(
        error.to_string(),
        "expected `()` as payload of `x`, found `1`, an unsigned integer"
    );
    let error = vm.driven_is_ready(Seat { lane: 1, ..a }).expect_err("it has one lane");
    assert_eq!(error.to_string(), "`A` of session #0 is not driven, or has no lane 1 now");
    let error = vm.driven_is_ready(Seat { role: RoleId(9), ..a }).expect_err("there is none");
    assert!(matches!(error, DriveError::NoSeat { .. }));

    assert!(vm.driven_is_ready(a).expect("it may send"));
    assert!(!vm.driven_is_ready(b).expect("it waits"));
    assert!(vm.driven_send(a, b.role, label("y"), Value::Unit).expect("it may").is_none());
    let mut woken = Vec::new();
    vm.take_woken(&mut woken);
    assert_eq!(woken, [b]);
    assert!(vm.driven_is_ready(b).expect("it may receive"));
    assert!(matches!(vm.driven_is_ready(a), Err(DriveError::NoSeat { .. })), "it is done");
    let received = vm.driven_receive(b).expect("it has come").expect("it has come");
    assert_eq!((received.from, received.label), (a.role, label("y")));
    assert!(matches!(vm.driven_receive(b), Err(DriveError::Ended(_))));
    assert_eq!(vm.open_sessions(), 0);
}

#[test]
fn a_full_channel_gives_the_payload_back() {
    let image = image_of("A→B:x. A→B:x. end", "u64");
    let mut vm = VM::new(VMConfig { capacity: 1, ..VMConfig::default() });
    let session = open(&mut vm, &image, &[Player::Driven, Player::Driven]);
    let [a, b] = [0, 1].map(|role| Seat { session, role: RoleId(role), lane: 0 });
    let send =
        |vm: &mut VM, n| vm.driven_send(a, b.role, LabelId(0), Value::Uint(n)).expect("it may");
    assert!(send(&mut vm, 1).is_none());
    assert!(!vm.driven_is_ready(a).expect("it may wait"));
    assert!(matches!(send(&mut vm, 2), Some(Value::Uint(2))));
    assert!(vm.driven_receive(b).expect("it has come").is_some());
    let mut woken = Vec::new();
    vm.take_woken(&mut woken);
    assert_eq!(woken, [a]);
    assert!(send(&mut vm, 2).is_none());
}

#[test]
fn pausing_closing_and_cancelling_reach_driven_roles() {
    let image = image_of("A→B:x. B→A:y. end", "u64");
    let mut vm = VM::default();
    let session = open(&mut vm, &image, &[Player::Driven, Player::Handler]);
    let a = Seat { session, role: RoleId(0), lane: 0 };
    assert_eq!(vm.pause("A"), 1);
    assert!(vm.driven_send(a, RoleId(1), LabelId(0), Value::Uint(1)).expect("it waits").is_some());
    assert!(!vm.driven_is_ready(a).expect("it waits"));
    assert!(vm.resume("A"));
    vm.run(&Drawn, 10).expect("nobody faults");
    let mut woken = Vec::new();
    vm.take_woken(&mut woken);
    assert!(woken.contains(&a));
    assert!(vm.waiting().next().is_some(), "{vm}");
    assert!(vm.to_string().contains("`A` is played from outside"), "{vm}");
    vm.close(session).expect("it is open");
    let mut ended = Vec::new();
    vm.take_ended(&mut ended);
    let reason = ended[0].1.as_ref().expect_err("it was cancelled").to_string();
    assert_eq!(
        reason,
        "the session was cancelled: it was closed, and some of its roles are played from outside"
    );
}

#[test]
fn where_nobody_could_play_from_outside_is_an_error() {
    let image = image("A→B:x. end");
    let roles = || Markers::of([Player::Driven, Player::Handler]);
    let error =
        telltale_vm::generated::play_with(&image, roles(), &NoHandler).err().expect("nobody plays");
    assert_eq!(
        error.to_string(),
        "`A` is played from outside: open the session in a `VM` of your own"
    );
    assert!(error.into_roles().is_some());
    #[cfg(feature = "multi-thread")]
    {
        let mut threads =
            telltale_vm::ThreadedVM::new(VMConfig::default(), std::num::NonZeroUsize::MIN);
        let error = threads.open_session(&image, roles(), true).expect_err("not yet");
        assert!(matches!(error, VMError::FromOutside { .. }));
        let error = threads.remote().open_session(&image, roles(), true).expect_err("not yet");
        assert!(matches!(error, VMError::FromOutside { .. }));
    }
}

#[test]
fn a_fault_of_others_ends_it_for_driven_roles() {
    struct Fails;
    impl EffectHandler for Fails {
        fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
            Err("out of tea".into())
        }
        fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
            Ok(())
        }
        fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
            Err("out of tea".into())
        }
    }
    let image = image_of("A→B:x. B→A:y. end", "u64");
    let mut vm = VM::default();
    let session = open(&mut vm, &image, &[Player::Driven, Player::Handler]);
    let a = Seat { session, role: RoleId(0), lane: 0 };
    assert!(vm.driven_send(a, RoleId(1), LabelId(0), Value::Uint(1)).expect("it may").is_none());
    assert!(vm.driven_receive(a).expect("it waits").is_none());
    vm.run(&Fails, 10).expect_err("the handler fails");
    assert!(matches!(vm.driven_receive(a), Err(DriveError::Ended(VMError::StaleSession { .. }))));
    let mut ended = Vec::new();
    vm.take_ended(&mut ended);
    let [(_, Err(SessionError::Faulted(fault)))] = &ended[..] else { panic!("{ended:?}") };
    assert!(matches!(fault.cause, Cause::Handler(_)));
    let is_fault = |event: &ObsEvent| matches!(event.what, Observed::Faulted { .. });
    assert!(vm.trace().iter().any(is_fault));
}

/// Both driven; the second message is lost, or takes the place of the first.
fn two_of_which_one_is_lost(config: VMConfig) -> (VM, [Seat; 2]) {
    let image = image_of("A→B:x. A→B:x. end", "u64");
    let mut vm = VM::new(VMConfig { capacity: 1, ..config });
    let session = open(&mut vm, &image, &[Player::Driven, Player::Driven]);
    let [a, b] = [0, 1].map(|role| Seat { session, role: RoleId(role), lane: 0 });
    for number in 0..2 {
        let sent = vm.driven_send(a, b.role, LabelId(0), Value::Uint(number));
        assert!(sent.expect("it may").is_none(), "nobody waits for room");
    }
    (vm, [a, b])
}

/// As with role objects: whoever waits for a message that was lost is stuck, and is told.
#[test]
fn who_waits_for_what_was_lost_is_stuck() {
    let lossy = [
        VMConfig { when_full: WhenFull::Drop, ..VMConfig::default() },
        VMConfig { mode: ChannelMode::LatestValue, ..VMConfig::default() },
    ];
    for config in lossy {
        for asks_first in [true, false] {
            let (mut vm, [_, b]) = two_of_which_one_is_lost(config.clone());
            vm.driven_receive(b).expect("it has come").expect("it has come");
            if asks_first {
                let ready = vm.driven_is_ready(b);
                assert!(matches!(ready, Err(DriveError::Ended(_))), "{ready:?}");
            } else {
                let received = vm.driven_receive(b);
                assert!(matches!(received, Err(DriveError::Ended(_))), "{received:?}");
            }
            let mut ended = Vec::new();
            vm.take_ended(&mut ended);
            let [(_, Err(SessionError::Faulted(fault)))] = &ended[..] else { panic!("{ended:?}") };
            assert!(matches!(fault.cause, Cause::Stuck { .. }), "{fault}");
            assert!(fault.to_string().ends_with("`B` waits for `A`"), "{fault}");
            assert_eq!(vm.open_sessions(), 0);
        }
    }
}

/// Whoever is elsewhere and done sends nothing to a driven role that waits for it.
#[test]
fn who_waits_for_one_that_is_done_elsewhere_is_stuck() {
    let image = image_of("B→A:x. end", "u64");
    let mut vm = VM::default();
    let session = open(&mut vm, &image, &[Player::Elsewhere, Player::Driven]);
    let a = Seat { session, role: RoleId(1), lane: 0 };
    assert!(vm.driven_receive(a).expect("it waits").is_none());
    let told = told(&mut vm);
    vm.elsewhere_is_done(session, RoleId(0)).expect("it is elsewhere");
    assert_eq!(vm.open_sessions(), 0);
    assert!(fault_of(&vm).ends_with("`A` waits for `B`"), "{}", fault_of(&vm));
    // Whoever is told of events is told at once.
    let told = told.lock().expect("nobody panics");
    assert!(told.last().is_some_and(|last| last.to_string().contains("faulted")), "{told:?}");
}

/// Whatever is lost: when nobody acts who is asked, the session is over.
#[test]
fn where_nobody_can_act_the_session_is_over() {
    let lossy = [
        VMConfig { when_full: WhenFull::Drop, capacity: 1, ..VMConfig::default() },
        VMConfig { mode: ChannelMode::LatestValue, capacity: 2, ..VMConfig::default() },
        VMConfig { capacity: 1, ..VMConfig::default() },
    ];
    let (mut complete, mut stuck) = (0, 0);
    for (text, image) in protocols().step_by(2) {
        if by_handler(&image).is_none() {
            continue;
        }
        for (number, config) in (1..1_u32 << image.names().role_count()).zip(lossy.iter().cycle()) {
            let players =
                chosen(image.names().role_count(), number, Player::Driven, Player::Handler);
            let mut vm = VM::new(config.clone());
            let session = open(&mut vm, &image, &players);
            let mut has_acted = true;
            while has_acted {
                has_acted = false;
                let _faults_are_ends = vm.run(&Drawn, 10_000);
                for seat in seats(&vm, &image, session, &players) {
                    has_acted |= act(&mut vm, &image, seat).is_ok_and(|has_acted| has_acted);
                }
            }
            assert_eq!(vm.open_sessions(), 0, "{text}: {players:?}: {vm}");
            let mut ended = Vec::new();
            vm.take_ended(&mut ended);
            match &ended[..] {
                [(_, Ok(()))] => complete += 1,
                [(_, Err(SessionError::Faulted(_)))] => stuck += 1,
                other => panic!("{text}: {players:?}: {other:?}"),
            }
        }
    }
    assert!(complete > 50 && stuck > 5, "{complete} complete, {stuck} stuck");
}

/// Roles and labels that are none of the protocol are named by their numbers.
#[test]
fn what_is_none_of_the_protocol_is_refused() {
    let image = image_of("A→B:x. end", "u64");
    let mut vm = VM::default();
    let session = open(&mut vm, &image, &[Player::Driven, Player::Driven]);
    let a = Seat { session, role: RoleId(0), lane: 0 };
    for (to, label, found) in [
        (200, 0, "send role 200!x(u64)"),
        (1, 9, "send B!label 9"),
        (255, u16::MAX, "send role 255!label 65535"),
    ] {
        let error = vm.driven_send(a, RoleId(to), LabelId(label), Value::Uint(1));
        let error = error.expect_err("there is none").to_string();
        assert!(error.ends_with(&format!("found `{found}`")), "{error}");
    }
    let sent = vm.driven_send(a, RoleId(1), LabelId(0), Value::Uint(1)).expect("it may");
    assert!(sent.is_none());
}

/// Whoever never asks who was woken is told of each seat once.
#[test]
fn the_woken_are_few_however_late_they_are_asked_for() {
    let image = image_of("μt. A→B:x. B→A:y. t", "u64");
    let mut vm = VM::default();
    let play = |vm: &mut VM, times: usize| {
        let session = open(vm, &image, &[Player::Driven, Player::Driven]);
        let [a, b] = [0, 1].map(|role| Seat { session, role: RoleId(role), lane: 0 });
        for _ in 0..times {
            for (from, to, label) in [(a, b, 0), (b, a, 1)] {
                assert!(vm.driven_receive(to).expect("it waits").is_none());
                vm.driven_send(from, to.role, LabelId(label), Value::Uint(1)).expect("it may");
                vm.driven_receive(to).expect("it has come").expect("it has come");
            }
        }
        session
    };
    for _ in 0..100 {
        let session = play(&mut vm, 1);
        vm.cancel(session, "there are others").expect("it runs");
    }
    let session = play(&mut vm, 1_000);
    let mut woken = Vec::new();
    vm.take_woken(&mut woken);
    assert!(woken.len() <= 65, "{}", woken.len());
    assert!((0..2).all(|role| woken.contains(&Seat { session, role: RoleId(role), lane: 0 })));
}

#[test]
fn who_is_done_elsewhere_sends_nothing_more() {
    let (mut vm, session, _) = part_of("B→A:x. A→B:y. end");
    vm.deliver(session, from_b(0, Value::Uint(1), 0)).expect("it is the next one");
    vm.elsewhere_is_done(session, RoleId(0)).expect("it is elsewhere");
    vm.deliver(session, from_b(0, Value::Uint(1), 1)).expect_err("it is done");
    assert_eq!(
        fault_of(&vm),
        "`B`: expected nothing more, because it is done from elsewhere, found `x(u64)`"
    );
}

/// That it has come before counts for more than that there is no room for it.
#[test]
fn a_message_twice_is_a_fault_where_there_is_no_room() {
    let image = image_of("B→A:x. B→A:x. B→A:x. end", "u64");
    let mut vm = VM::new(VMConfig { capacity: 1, ..VMConfig::default() });
    let session = open(&mut vm, &image, &[Player::Elsewhere, Player::Handler]);
    vm.pause("A");
    vm.deliver(session, from_b(0, Value::Uint(1), 0)).expect("the first");
    let full = vm.deliver(session, from_b(0, Value::Uint(1), 1)).expect_err("there is no room");
    assert!(matches!(full.error, VMError::ChannelFull { capacity: 1 }), "{full}");
    let twice = vm.deliver(session, from_b(0, Value::Uint(1), 0)).expect_err("the first again");
    assert!(matches!(twice.error, VMError::StaleSession { .. }), "{twice}");
    assert!(fault_of(&vm).contains("expected message 1 to `A`"), "{}", fault_of(&vm));
}

/// A part that waits says what is to be carried, and events are told when they happen.
#[test]
fn a_part_says_what_it_has_for_others() {
    let image = image_of("A→B:x. A→B:x. B→A:y. end", "u64");
    let mut vm = VM::default();
    let told = told(&mut vm);
    let session = open(&mut vm, &image, &[Player::Handler, Player::Elsewhere]);
    vm.run(&Drawn, 10).expect("nobody faults");
    let waiting: Vec<String> = vm.waiting().map(|waiting| waiting.to_string()).collect();
    assert_eq!(
        waiting,
        ["#0: `A` waits for `B`, `B` is played from outside, 2 messages of `A` have come for `B`"]
    );
    let mut outgoing = Vec::new();
    vm.take_outgoing(session, &mut outgoing).expect("it is open");
    let answer = Message {
        from: RoleId(1),
        to: RoleId(0),
        lane: 0,
        label: LabelId(1),
        value: Value::Uint(1),
    };
    vm.deliver(session, Outgoing { message: answer, number: 0 }).expect("it may come");
    vm.run(&Drawn, 10).expect("nobody faults");
    assert_eq!(vm.open_sessions(), 0);

    let image = image_of("A→B:x. end", "u64");
    let session = open(&mut vm, &image, &[Player::Handler, Player::Elsewhere]);
    vm.run(&Drawn, 10).expect("nobody faults");
    vm.take_outgoing(session, &mut outgoing).expect("it is open");
    assert_eq!(vm.open_sessions(), 0);
    let told = told.lock().expect("nobody panics");
    assert_eq!(told.last().map(|event| &event.what), Some(&Observed::Closed));
}

/// What the macro writes for its own objects, others need not have.
#[test]
fn role_objects_that_the_macro_has_not_made_have_no_image() {
    let mut markers = Markers::of([Player::Driven]);
    assert!(Markers::image().is_none());
    markers.put_given((RoleId(0), LabelId(0)), vec![Value::Unit]);
    assert_eq!(markers.players(), Players::OBJECTS.with(RoleId(0), Player::Driven));
}
