//! Snapshots that somebody has altered: with the checksum that they had, and with the right one.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use telltale_bytecode::{Assembler, CodeImage, Hop, ImportId, Instr, Reg, Slot, Via};
use telltale_theory::oracle;
use telltale_types::GlobalType;

use super::fault::{FaultForm, OutcomeForm};
use super::form::{Body, Objects};
use super::{SessionSnapshot, Snapshot, SnapshotError};
use crate::memory::header;
use crate::testing::image;
use crate::{
    Branch, Cause, Context, CoroStatus, EffectHandler, Fault, HandlerError, HandlerResult, Kind,
    LabelId, Network, Outcome, Picked, Policy, RoleId, SendDecision, SessionError, VM, VMConfig,
    VMError, Value, normalize_trace,
};

/// Answers everything, late at first; some messages are kept aside.
struct Moody;

fn value(payload: &str, seed: u64) -> Value {
    match payload {
        "()" => Value::Unit,
        "String" => Value::text(format!("text {seed}")),
        "Vec<u8>" => Value::bytes(seed.to_le_bytes()),
        "Any" => Value::record([("n".to_owned(), Value::Uint(seed))]),
        _ => Value::Uint(seed),
    }
}

impl EffectHandler for Moody {
    fn send(&self, cx: &Context<'_>, _: RoleId, label: LabelId) -> HandlerResult<Value> {
        Ok(value(cx.label(label).payload, cx.seed()))
    }

    fn receive(&self, cx: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        if cx.seed().is_multiple_of(7) { Err(HandlerError::pending()) } else { Ok(()) }
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        let branch = (cx.seed() % branches.len() as u64) as usize;
        let value = value(cx.label(branches[branch].label).payload, cx.seed());
        Ok(Picked { branch, value })
    }

    fn network(&self) -> Option<&dyn Network> {
        Some(self)
    }
}

impl Network for Moody {
    fn decide(&self, cx: &Context<'_>, _: RoleId, _: LabelId) -> SendDecision {
        if cx.seed().is_multiple_of(5) { SendDecision::Defer } else { SendDecision::Deliver }
    }
}

/// The same without a network: its sessions stay on their scripts.
struct Plain;

impl EffectHandler for Plain {
    fn send(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
        Moody.send(cx, to, label)
    }

    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Ok(())
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        Moody.choose(cx, branches)
    }
}

fn with_payloads(text: &str) -> GlobalType {
    oracle::with_payloads(&oracle::protocol(text), |label| match label {
        "text" => "String",
        "bytes" => "Vec<u8>",
        "seat" => "Endpoint",
        "any" => "Any",
        _ => "u64",
    })
}

fn compiled(text: &str) -> CodeImage {
    image(&with_payloads(text)).expect("it projects")
}

/// A protocol with lanes.
fn parallel() -> CodeImage {
    let shape = oracle::Shape { roles: 3, states: 6, exits: 3, labels: 3 };
    let images = (0..).filter_map(|seed| image(&oracle::generate_parallel(seed, shape)));
    let mut forks = images.filter(|image| image.to_string().contains("fork"));
    forks.next().expect("some protocol has lanes")
}

const INNER: &str = "P→Q:any.P→Q:any.Q→P:any";

/// Programs that speak through endpoints.
fn by_hand() -> CodeImage {
    let global = with_payloads("Host→Guest:seat");
    let locals = telltale_theory::project_all(&global).expect("it projects").into_iter().collect();
    let mut asm = Assembler::new(&locals, &global).expect("they are its projections");
    asm.import("it", &compiled(INNER)).expect("one import");
    let (label, next) = (LabelId(0), Hop::NEXT);
    let send = |via, value| Instr::Send { via, to: RoleId(1), value, label, next };
    let recv = |via, from, value| Instr::Recv { via, from: RoleId(from), value, label, next };
    let (host, guest) = (Via::reg(Reg(0)), Via::reg(Reg(2)));
    let reg = |number| Slot::reg(Reg(number));
    let close = |endpoint| Instr::Close { endpoint };
    let open = Instr::Open { import: ImportId(0), first: Reg(0) };
    let given = Slot::HANDLER;
    let programs = [
        (
            "Host",
            vec![
                open,
                send(Via::OWN, reg(1)),
                send(host, given),
                send(host, given),
                recv(host, 1, given),
                close(Reg(0)),
                Instr::Halt,
            ],
        ),
        (
            "Guest",
            vec![
                recv(Via::OWN, 0, reg(2)),
                recv(guest, 0, reg(3)),
                recv(guest, 0, given),
                Instr::Send { via: guest, to: RoleId(0), value: reg(3), label, next },
                close(Reg(2)),
                Instr::Halt,
            ],
        ),
    ];
    for (role, program) in programs {
        asm.program(role, program).expect("a role");
    }
    asm.finish().expect("an image")
}

fn images() -> Vec<CodeImage> {
    vec![
        compiled("μt.A→{B:more.B→C:text.A→C:any.t; B:stop.B→C:bytes}"),
        parallel(),
        compiled(INNER),
        by_hand(),
    ]
}

/// Machines at several moments, on their scripts and off them.
fn snapshots(images: &[CodeImage]) -> Vec<Snapshot> {
    let mut snapshots = Vec::new();
    for (rounds, quantum, capacity, policy) in [
        (0, 64, 64, Policy::Cooperative),
        (3, 1, 1, Policy::Random),
        (7, 2, 1, Policy::ProgressAware),
        (9, 3, 2, Policy::RoundRobin),
    ] {
        let config = VMConfig { quantum, capacity, policy, seed: 1, ..VMConfig::default() };
        let mut vm = VM::new(config);
        vm.provide(&images[2]);
        for image in images.iter().filter(|image| image.hash() != images[2].hash()) {
            vm.load_choreography(image).expect("there is room");
        }
        let handlers: [&dyn EffectHandler; 2] = [&Plain, &Moody];
        let handler = handlers[usize::from(quantum != 2)];
        for _ in 0..rounds {
            drop(vm.run(handler, 1));
        }
        vm.pause("C");
        snapshots.push(vm.snapshot().expect("no payload is a Rust value"));
    }
    snapshots
}

/// Lets a machine go on that somebody has made up: it may do anything but panic, hang or grow without bound.
fn go_on(mut vm: VM, images: &[CodeImage]) {
    let shown = |vm: &VM| {
        // What is written down can be read.
        let snapshot = vm.snapshot().map(|snapshot| snapshot.to_bytes());
        if let Ok(bytes) = snapshot {
            Snapshot::from_bytes(&bytes).and_then(|it| it.resume(images)).expect("it is ours");
        }
        let trace = vm.trace();
        let events: Vec<String> = trace.iter().map(ToString::to_string).collect();
        let _ = (vm.to_string(), events, serde_json::to_string(&trace), normalize_trace(&trace));
        // The machine catches panics, its own as well.
        let panicked = |fault: &Fault| matches!(fault.cause, Cause::Panicked { .. });
        assert!(!vm.faults().any(|(_, fault)| panicked(fault)), "{:?}", vm.faults().next());
    };
    shown(&vm);
    for round in 0..24 {
        match round % 3 {
            0 => drop(vm.run(&Moody, 3)),
            1 => drop(vm.step_round(&Plain, 5)),
            _ => drop(vm.step(&Moody)),
        }
        let waits = vm.coroutines().filter(|role| role.status() == CoroStatus::AwaitsHandler);
        let waits: Vec<_> = waits.map(|role| (role.session_id(), role.role().to_owned())).collect();
        for (session, role) in waits {
            // All lanes of a role are woken at once.
            drop(vm.wake(session, &role));
        }
        let sessions: Vec<_> = vm.sessions().map(|session| session.id()).collect();
        for session in sessions {
            for message in vm.take_deferred(session).unwrap_or_default() {
                drop(vm.inject(session, message));
            }
        }
        vm.resume("C");
    }
    shown(&vm);
    let _ = vm.waiting().count();
    let sessions: Vec<_> = vm.sessions().map(|session| session.id()).collect();
    for session in sessions {
        drop(vm.cancel(session, "enough"));
    }
    drop(vm.run(&Plain, 10));
}

/// What may stand in place of something in a snapshot.
fn others(here: &Json, words: &BTreeSet<String>) -> Vec<Json> {
    let mut others = match here {
        Json::Null => vec![json!(0), json!(1), json!(7)],
        Json::Bool(is) => vec![json!(!is)],
        Json::Number(number) => {
            let n = number.as_u64().unwrap_or(1);
            let near = [n.wrapping_add(1), n.wrapping_sub(1), n / 2, n.wrapping_mul(2)];
            let far = [0, 1, 2, 7, 63, 64, 255, 256, 65_535, 65_536, 1 << 32, 1 << 59, u64::MAX];
            let numbers = near.into_iter().chain(far).filter(|other| *other != n);
            numbers.map(|n| json!(n)).chain([Json::Null]).collect()
        }
        Json::String(_) => words.iter().map(|word| json!(word)).collect(),
        Json::Array(all) => {
            let mut others = vec![json!([])];
            for at in 0..all.len().min(4) {
                let [mut less, mut more] = [(); 2].map(|()| all.clone());
                less.remove(at);
                more.push(all[at].clone());
                others.extend([Json::from(less), Json::from(more)]);
            }
            others.push(Json::from(all.iter().rev().cloned().collect::<Vec<_>>()));
            others
        }
        Json::Object(fields) if fields.len() == 1 => {
            let (name, inside) = fields.iter().next().expect("there is one");
            let renamed = words.iter().filter(|word| *word != name);
            renamed.map(|word| json!({ word: inside })).collect()
        }
        Json::Object(_) => Vec::new(),
    };
    others.retain(|other| other != here);
    others
}

/// Where something stands in a snapshot.
fn places(json: &Json, here: &str, to: &mut Vec<String>) {
    to.push(here.to_owned());
    match json {
        Json::Array(all) => {
            for (nth, inside) in all.iter().enumerate().take(6) {
                places(inside, &format!("{here}/{nth}"), to);
            }
        }
        Json::Object(fields) => {
            for (name, inside) in fields {
                places(inside, &format!("{here}/{name}"), to);
            }
        }
        _ => {}
    }
}

/// The names of variants and such, as they can stand in a snapshot.
fn words(json: &Json, to: &mut BTreeSet<String>) {
    match json {
        Json::String(word) => drop(to.insert(word.clone())),
        Json::Array(all) => all.iter().for_each(|inside| words(inside, to)),
        Json::Object(fields) => {
            for (name, inside) in fields {
                if name.starts_with(char::is_uppercase) {
                    to.insert(name.clone());
                }
                words(inside, to);
            }
        }
        _ => {}
    }
}

#[test]
fn nothing_that_is_made_up_makes_a_machine_panic() {
    let images = images();
    let (mut tried, mut read, mut resumed) = (0, 0, 0);
    for snapshot in snapshots(&images) {
        let json = serde_json::to_value(&snapshot.0).expect("JSON");
        let mut known: BTreeSet<String> =
            ["Closed", "Cancelled", "Unit", "owned", "detached", "endpoints", "closed", "complete"]
                .map(str::to_owned)
                .into();
        words(&json, &mut known);
        let mut all = Vec::new();
        places(&json, "", &mut all);
        for place in all {
            let here = json.pointer(&place).expect("it is there");
            for other in others(here, &known) {
                let mut forged = json.clone();
                *forged.pointer_mut(&place).expect("it is there") = other;
                tried += 1;
                let Ok(body) = serde_json::from_value::<Body>(forged) else { continue };
                read += 1;
                // It is written as if it were one of ours.
                let bytes = Snapshot(body).to_bytes();
                let snapshot = Snapshot::from_bytes(&bytes).expect("the checksum is right");
                if let Ok(vm) = snapshot.resume(&images) {
                    resumed += 1;
                    go_on(vm, &images);
                }
            }
        }
    }
    println!("{tried} tried, {read} read, {resumed} resumed");
    assert!(read > 1_000 && resumed > 100, "{tried} tried, {read} read, {resumed} resumed");
}

/// Marks, waits and names that agree with each other, and with nothing else.
#[test]
fn what_agrees_only_with_itself_is_refused() {
    let images = images();
    let refused = |body: Json, what: &str| {
        let body: Body = serde_json::from_value(body).expect("it is of the right form");
        let error =
            Snapshot(body).resume(&images).map(drop).expect_err("it is made up").to_string();
        assert!(error.contains(what), "{error}");
    };
    let mut vm = VM::default();
    vm.load_choreography(&images[0]).expect("there is room");
    vm.load_choreography(&images[1]).expect("there is room");
    vm.run(&Moody, 2).expect("nobody faults");
    let json = serde_json::to_value(vm.snapshot().expect("no payload is a Rust value").0);
    let json = json.expect("JSON");

    // The events of one session, told in the names of another, and of two.
    let rows = json["trace"]["rows"].as_array().expect("rows");
    assert_eq!(json["trace"]["names"].as_array().map(Vec::len), Some(2));
    for nth in 0..rows.len() {
        let mut forged = json.clone();
        let names = &mut forged["trace"]["rows"][nth]["names"];
        *names = json!(1 - names.as_u64().expect("a number"));
        refused(forged, "the names of another protocol");
    }
    let mut forged = json.clone();
    for row in forged["trace"]["rows"].as_array_mut().expect("rows") {
        // Of sessions of which nothing is left but these events.
        row["session"] = json!(7);
        row["events"] = json!(["Opened"]);
    }
    refused(forged, "the names of another protocol");

    // A lane that is over, and has forked where there is no fork.
    let lanes = json["sessions"][1]["coroutines"].as_array().expect("coroutines").len();
    for coro in images[1].names().role_count()..lanes {
        let mut forged = json.clone();
        forged["sessions"][1]["coroutines"][coro]["marks"] = json!(["halted", "forked"]);
        refused(forged, "forked where it cannot");
    }

    // Somebody waits at a channel from which he takes nothing, or in which there is all that he waits for.
    let mut vm = VM::default();
    vm.load_choreography(&compiled("A→B:x.A→B:y.B→A:z")).expect("there is room");
    vm.pause("B");
    vm.run(&Plain, 2).expect("nobody faults");
    let images = [compiled("A→B:x.A→B:y.B→A:z")];
    let json = serde_json::to_value(vm.snapshot().expect("no payload is a Rust value").0);
    let json = json.expect("JSON");
    for (field, channel) in [
        (
            "receiver_waits",
            json!({"from": 1, "to": 0, "lane": 0, "messages": [], "receiver_waits": true, "sender_waits": true}),
        ),
        (
            "receiver_waits",
            json!({"from": 0, "to": 1, "lane": 0, "messages": [[0, {"Uint": 1}]], "receiver_waits": true, "sender_waits": false}),
        ),
    ] {
        let mut forged = json.clone();
        forged["sessions"][0]["channels"] = json!([channel]);
        let body: Body = serde_json::from_value(forged).expect("it is of the right form");
        let error = Snapshot(body).resume(&images).map(drop).expect_err(field).to_string();
        assert!(error.contains("waits at a channel where it does not"), "{error}");
    }
}

/// No count that somebody has made up spoils the snapshots of the machine into which it comes.
#[test]
fn counts_at_their_end_stay_with_whoever_made_them_up() {
    let image = compiled("μt.A→B:x.B→A:y.t");
    let mut vm = VM::default();
    let session = vm.load_choreography(&image).expect("there is room");
    vm.run(&Plain, 1).expect("nobody faults");
    let alone = vm.snapshot_session(session).expect("it stands alone").0;
    let far = [(1 << 59) - 1, 1 << 59, (1 << 60) - 1, 1 << 60, u64::MAX];
    for count in far {
        let (mut numbered, mut busy) = (alone.clone(), alone.clone());
        numbered.session.session = count;
        busy.session.coroutines[0].effects = count;
        for made_up in [numbered, busy] {
            let mut other = VM::default();
            other.load_choreography(&image).expect("there is room");
            let resumed = SessionSnapshot(made_up).resume(&mut other, [&image]);
            assert_eq!(resumed.is_ok(), count < 1 << 59 && other.open_sessions() == 2, "{count}");
            other.load_choreography(&image).expect("there is room");
            other.run(&Plain, 10).expect("nobody faults");
            let bytes = other.snapshot().expect("it can be written").to_bytes();
            Snapshot::from_bytes(&bytes).and_then(|it| it.resume([&image])).expect("it is ours");
        }
    }
    // A machine that counts to its end says so when it is written down.
    let mut body = vm.snapshot().expect("it can be written").0;
    body.clock = (1 << 60) - 1;
    let mut late = Snapshot(body).resume([&image]).expect("it could have come so far");
    late.run(&Plain, 1).expect("nobody faults");
    let error = late.snapshot().expect_err("nobody could read it").to_string();
    assert!(error.contains("a count is too large"), "{error}");
}

/// A session that is refused takes neither a number nor memory, whatever it had.
#[test]
fn a_session_that_is_refused_leaves_nothing_behind() {
    let image = compiled("A→B:x.B→A:y");
    let mut vm = VM::new(VMConfig { quantum: 1, ..VMConfig::default() });
    let session = vm.load_choreography(&image).expect("there is room");
    vm.step(&Plain).expect("nobody faults");
    let alone = vm.snapshot_session(session).expect("it stands alone").0;
    let before = vm.snapshot().expect("it can be written").0;
    for objects in [Objects::None, Objects::Detached, Objects::Owned] {
        let mut made_up = alone.clone();
        (made_up.session.turn, made_up.session.objects) = (200, objects);
        let error = SessionSnapshot(made_up).adopt(&mut vm, [&image]).expect_err("nobody is 200");
        assert!(error.to_string().contains("nobody has the next turn"), "{error}");
        assert_eq!(vm.snapshot().expect("it can be written").0, before);
    }
}

/// A machine that is small enough to flip each of its bits.
fn small() -> (Snapshot, SessionSnapshot) {
    let images = images();
    let mut vm = VM::new(VMConfig { quantum: 1, capacity: 1, ..VMConfig::default() });
    let session = vm.load_choreography(&images[0]).expect("there is room");
    vm.step(&Plain).expect("nothing goes wrong");
    assert!(!header::is_detached(vm.inside().run_queue.arena.block(session.slot())));
    let alone = vm.snapshot_session(session).expect("it stands alone");
    (vm.snapshot().expect("no payload is a Rust value"), alone)
}

#[test]
fn a_snapshot_that_was_altered_or_cut_off_is_refused() {
    let (snapshot, session) = small();
    let bytes = snapshot.to_bytes();
    for (at, bit) in (0..bytes.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
        let mut altered = bytes.clone();
        altered[at] ^= 1 << bit;
        let error = Snapshot::from_bytes(&altered).expect_err("a bit is another");
        let is_right = match (at, &error) {
            (8..12, SnapshotError::Version { supported: super::VERSION, found }) => {
                *found == super::VERSION ^ 1 << (8 * (at - 8) + bit)
            }
            (0..8, SnapshotError::NotASnapshot { .. }) => true,
            (12.., SnapshotError::Altered { expected, found }) => expected != found,
            _ => false,
        };
        assert!(is_right, "byte {at}, bit {bit}: {error}");
    }
    for end in 0..bytes.len() {
        Snapshot::from_bytes(&bytes[..end]).expect_err("something is missing");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert!(matches!(Snapshot::from_bytes(&longer), Err(SnapshotError::Altered { .. })));
    // One is not taken for the other.
    let other = SessionSnapshot::from_bytes(&bytes).expect_err("it is a machine");
    assert_eq!(other.to_string(), "this is no snapshot: it begins with other bytes");
    let other = Snapshot::from_bytes(&session.to_bytes()).expect_err("it is a session");
    assert!(matches!(other, SnapshotError::NotASnapshot { .. }), "{other}");
}

#[test]
fn json_that_was_altered_or_cut_off_is_refused() {
    let (snapshot, session) = small();
    let text = serde_json::to_string(&snapshot).expect("JSON");
    let bytes = text.as_bytes();
    for (at, bit) in (0..bytes.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
        let mut altered = bytes.to_vec();
        altered[at] ^= 1 << bit;
        // A digit of the checksum may be in upper case, for example.
        if let Ok(read) = serde_json::from_slice::<Snapshot>(&altered) {
            assert_eq!(read, snapshot, "byte {at}, bit {bit}");
        }
    }
    for end in 0..bytes.len() {
        serde_json::from_slice::<Snapshot>(&bytes[..end]).expect_err("something is missing");
    }
    let other = text.replacen("\"version\":1", "\"version\":2", 1);
    let other = serde_json::from_str::<Snapshot>(&other).expect_err("another version");
    let text = other.to_string();
    assert!(
        text.starts_with("this is a snapshot of version 2, and version 1 is read here"),
        "{text}"
    );
    let session = serde_json::to_string(&session).expect("JSON");
    let other = serde_json::from_str::<Snapshot>(&session).expect_err("it is a session");
    let text = other.to_string();
    assert!(text.starts_with("expected a telltale snapshot, found a `telltale session`"), "{text}");
}

/// Events are told under the names of their session, so a number may mean nothing under others.
#[test]
fn a_session_has_one_set_of_names() {
    let (snapshot, _) = small();
    let mut json = serde_json::to_value(&snapshot.0).expect("JSON");
    let names = json!({ "roles": ["A", "B"], "labels": [{ "name": "x", "payload": "()" }] });
    json["trace"]["names"].as_array_mut().expect("a list").push(names);
    let rows = json["trace"]["rows"].as_array_mut().expect("a list");
    let session = rows[0]["session"].clone();
    let mut last = rows.last().expect("something has happened").clone();
    last["names"] = json!(1);
    last["events"] = json!(["Opened"]);
    // In the middle, and where the session goes on.
    let mut both = [rows.clone(), rows.clone()];
    both[0].push(last.clone());
    both[1] = vec![last];
    for rows in both {
        json["trace"]["rows"] = json!(rows);
        let body = serde_json::from_value::<Body>(json.clone()).expect("it has its form");
        let error = Snapshot(body).resume(&images()).expect_err("it is of another protocol");
        let what =
            format!("invalid snapshot: session #{session} has the names of another protocol");
        assert_eq!(error.to_string(), what);
    }
}

/// Every reason for which a session can have ended.
fn causes() -> Vec<Cause> {
    let text = |text: &str| text.to_owned();
    let limits = [
        VMError::SeveralEndpoints { role: text("A") },
        VMError::TooManySessions { limit: 8 },
        VMError::TooManyCoroutines { given: 3, open: 7, limit: 8 },
        VMError::TooManyRegisters { given: 16, limit: 8 },
        VMError::TooManyImages { limit: 8 },
    ];
    let (from, to, label) = (text("A"), text("B"), text("x"));
    let (expected, found) = (text("u64"), text("`true`, a bool"));
    let others = [
        Cause::Handler(HandlerError::msg("no book of this title")),
        Cause::Panicked { message: text("attempt to subtract with overflow") },
        Cause::WrongPayload {
            label: label.clone(),
            expected: expected.clone(),
            found: found.clone(),
        },
        Cause::NoSuchBranch { picked: 2, branches: 2 },
        Cause::UnexpectedMessage {
            from: from.clone(),
            found: found.clone(),
            expected: expected.clone(),
        },
        Cause::ChannelFull { label: label.clone(), to: to.clone(), capacity: 4 },
        Cause::LeftOver { from, to, label },
        Cause::Stuck { waiting: text("`A` waits for `B`") },
        Cause::NotAllowed { expected: expected.clone(), found: found.clone() },
        Cause::EmptyRegister { register: 3 },
        Cause::NotAnEndpoint { register: 3, found: Kind::Record },
        Cause::SessionEnded { register: 3 },
        Cause::EndpointToHandler { what: text("Seat(Endpoint)") },
        Cause::ImageNotProvided { name: text("it") },
        Cause::WrongDelivery { expected, found },
        Cause::OutOfProgram,
        Cause::BadInstruction,
    ];
    let limits = limits.map(|limit| Cause::CannotOpen(Box::new(limit)));
    others.into_iter().chain(limits).collect()
}

#[test]
fn faults_and_outcomes_come_back() {
    for cause in causes() {
        let fault = Fault {
            role: Some("A".to_owned()),
            lane: 3,
            instruction: Some("0  halt".to_owned()),
            cause,
        };
        let text = fault.to_string();
        let outcome: Outcome = Err(SessionError::Faulted(fault.into()));
        let form = OutcomeForm::from(&outcome);
        let json = serde_json::to_string(&form).expect("JSON");
        let bytes = postcard::to_allocvec(&form).expect("it can be written");
        let read: [OutcomeForm; 2] = [
            serde_json::from_str(&json).expect("it was written by us"),
            postcard::from_bytes(&bytes).expect("it was written by us"),
        ];
        for read in read {
            let Err(SessionError::Faulted(fault)) = Outcome::from(read) else {
                panic!("{text} has become another outcome");
            };
            assert_eq!(fault.to_string(), text);
        }
    }
    let cancelled: Outcome = Err(SessionError::Cancelled { reason: "it is late".into() });
    for outcome in [Ok(()), Err(SessionError::Closed), cancelled] {
        let again = Outcome::from(OutcomeForm::from(&outcome));
        assert_eq!(format!("{again:?}"), format!("{outcome:?}"));
    }
}

#[test]
fn an_error_that_is_no_limit_cannot_be_written() {
    let cause = Cause::CannotOpen(Box::new(VMError::MachineGone));
    let fault = Fault::of_session(cause);
    let form = OutcomeForm::Faulted(FaultForm(fault.into()));
    let error = serde_json::to_string(&form).expect_err("no session faults for this");
    assert!(error.to_string().starts_with("no limit: "), "{error}");
}
