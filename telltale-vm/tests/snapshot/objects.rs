//! Sessions with role objects: attached again, or kept in the snapshot.

use serde::{Deserialize, Serialize};
use telltale_vm::snapshot::{SessionSnapshot, Snapshot, SnapshotError};
use telltale_vm::{
    Driven, Elsewhere, HandlerResult, NoHandler, Policy, Progress, Session, SessionId, VM,
    VMConfig, VMError, choreography,
};

use super::relay::{assert_same, there_and_back};

/// A payload that is a Rust value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Note {
    text: String,
    pages: Vec<u16>,
}

choreography! {
    #[serde]
    pub protocol Review(Author, First, Second) {
        loop {
            choice Next at Author {
                Author -> First, Second: Draft(Note);
                First -> Author: Remark(Note);
                Second -> Author: Remark(Note);
            } or {
                Author -> First, Second: Done { at: u64 };
                break;
            }
        }
    }

    #[serde]
    pub protocol Weigh(Scale, Clerk) {
        Scale -> Clerk: Boxes(Boxes);
        Clerk -> Scale: Thanks;
    }

    /// The same without codecs.
    pub protocol Mute(A, B) {
        A -> B: Draft(Note);
        B -> A: Enough;
    }
}

use review::Next;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Author {
    drafts: u16,
    remarks: Vec<Note>,
}

impl review::Author for Author {
    fn next(&mut self) -> HandlerResult<Next> {
        self.drafts += 1;
        if self.drafts > 3 {
            return Ok(Next::Done { at: self.remarks.len() as u64 });
        }
        Ok(Next::Draft(Note {
            text: format!("draft {}", self.drafts),
            pages: vec![self.drafts; 3],
        }))
    }

    fn on_remark(&mut self, remark: Note) -> HandlerResult<()> {
        self.remarks.push(remark);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Reviewer {
    name: String,
    read: Vec<Note>,
    done: Option<u64>,
}

macro_rules! reviews {
    ($role:ident) => {
        impl review::$role for Reviewer {
            fn on_draft(&mut self, draft: Note) -> HandlerResult<()> {
                self.read.push(draft);
                Ok(())
            }
            fn remark(&mut self) -> HandlerResult<Note> {
                let text = format!("{} has read {}", self.name, self.read.len());
                Ok(Note { text, pages: Vec::new() })
            }
            fn on_done(&mut self, at: u64) -> HandlerResult<()> {
                self.done = Some(at);
                Ok(())
            }
        }
    };
}
reviews!(First);
reviews!(Second);

type Roles = review::Roles<Author, Reviewer, Reviewer>;

fn roles(name: &str) -> Roles {
    let reviewer = |nth: u8| Reviewer { name: format!("{name}{nth}"), ..Reviewer::default() };
    review::Roles { author: Author::default(), first: reviewer(1), second: reviewer(2) }
}

fn machine(policy: Policy, quantum: u32) -> (VM, [Session<Roles>; 2]) {
    let mut vm = VM::new(VMConfig { policy, quantum, seed: 3, ..VMConfig::default() });
    let sessions = ["a", "b"].map(|name| roles(name).open(&mut vm).expect("there is room"));
    (vm, sessions)
}

/// The machine with copies of its objects, which were kept in the snapshot or somewhere else.
fn resumed(vm: &VM, sessions: [Session<Roles>; 2]) -> (VM, [Session<Roles>; 2]) {
    let mut snapshot = vm.snapshot().expect("all payloads have codecs");
    for session in sessions {
        snapshot.keep_roles(vm, session).expect("the objects are there");
    }
    let snapshot = there_and_back(&snapshot);
    let kept: Vec<Roles> = sessions
        .iter()
        .map(|session| snapshot.roles(session.id().ordinal()).expect("they were kept"))
        .collect();
    let mut resumed = snapshot.resume([&review::IMAGE]).expect("it fits");
    let waiting: Vec<SessionId> = resumed.unattached().collect();
    let sessions = kept
        .into_iter()
        .zip(sessions)
        .map(|(roles, session)| {
            let id = resumed.session_numbered(session.id().ordinal());
            let id = id.unwrap_or_else(|error| panic!("{error}"));
            assert!(waiting.contains(&id));
            roles.attach(&mut resumed, id).expect("it waits for them")
        })
        .collect::<Vec<_>>();
    assert_eq!(resumed.unattached().count(), 0);
    (resumed, sessions.try_into().expect("two sessions"))
}

/// Two sessions, with copies of their objects.
pub(super) fn kept_in_the_middle() -> Snapshot {
    let (mut vm, sessions) = machine(Policy::Random, 3);
    vm.run(&NoHandler, 4).expect("nothing goes wrong");
    let mut snapshot = vm.snapshot().expect("all payloads have codecs");
    for session in sessions {
        snapshot.keep_roles(&vm, session).expect("the objects are there");
    }
    snapshot
}

/// The machine of this snapshot, when its sessions are complete.
pub(super) fn goes_on_with_what_was_kept(snapshot: Snapshot) -> VM {
    let kept = [0, 1].map(|number| snapshot.roles::<Roles>(number).expect("they were kept"));
    let mut vm = snapshot.resume([&review::IMAGE]).expect("it fits");
    let waiting: Vec<SessionId> = vm.unattached().collect();
    let pairs = kept.into_iter().zip(waiting);
    let sessions = pairs.map(|(roles, id)| roles.attach(&mut vm, id).expect("it waits"));
    let sessions: Vec<Session<Roles>> = sessions.collect();
    vm.run(&NoHandler, 1_000).expect("nothing goes wrong");
    for session in sessions {
        let roles = session.into_roles(&mut vm).expect("it is complete");
        assert_eq!(roles.first.done, Some(6));
    }
    vm
}

fn in_step(policy: Policy, quantum: u32, call: fn(&mut VM)) {
    let (mut vm, sessions) = machine(policy, quantum);
    let (mut other, mut others) = machine(policy, quantum);
    let mut calls = 0;
    while vm.progress() != Progress::Complete {
        (other, others) = resumed(&other, others);
        assert_same(&other, &vm);
        call(&mut vm);
        call(&mut other);
        assert_same(&other, &vm);
        calls += 1;
        assert!(calls < 1_000, "it does not end");
    }
    // The sessions have ended, and their objects are still there.
    (other, others) = resumed(&other, others);
    assert_eq!(other.trace(), vm.trace());
    for (one, other_one) in sessions.into_iter().zip(others) {
        let one = one.into_roles(&mut vm).expect("it is complete");
        let two = other_one.into_roles(&mut other).expect("it is complete");
        assert_eq!(one.author, two.author);
        assert_eq!([&one.first, &one.second], [&two.first, &two.second]);
        assert_eq!(one.author.remarks.len(), 6);
        assert_eq!(one.second.done, Some(6));
    }
}

#[test]
fn at_every_step_they_are_taken_out_and_put_back() {
    for policy in Policy::ALL {
        for quantum in [1, 2, 3, 64] {
            in_step(policy, quantum, |vm| {
                vm.run(&NoHandler, 1).expect("nothing goes wrong");
            });
        }
        in_step(policy, 64, |vm| {
            vm.step(&NoHandler).expect("nothing goes wrong");
        });
    }
}

#[test]
fn a_session_waits_until_it_has_its_objects() {
    let (mut vm, _) = machine(Policy::Cooperative, 2);
    vm.run(&NoHandler, 2).expect("nothing goes wrong");
    let snapshot = vm.snapshot().expect("all payloads have codecs");
    let mut later = snapshot.clone().resume([&review::IMAGE]).expect("it fits");
    assert_eq!(later.progress(), Progress::Waiting);
    assert_eq!(later.waiting().count(), 2);
    later.run(&NoHandler, 10).expect("nobody acts");
    later.step(&NoHandler).expect("nobody acts");
    assert_eq!(later.progress(), Progress::Waiting);
    let text = later.to_string();
    assert!(text.contains("its role objects have not been attached"), "{text}");
    assert_eq!(
        later.snapshot().expect("it can be written down").to_bytes().len(),
        snapshot.to_bytes().len()
    );

    let id = later.session_numbered(1).expect("it is running");
    let session = roles("other").attach(&mut later, id).expect("it waits");
    later.run(&NoHandler, 1_000).expect("nothing goes wrong");
    assert!(session.into_roles(&mut later).is_ok());
    assert_eq!(later.progress(), Progress::Waiting, "the other session waits still");
    assert_eq!(later.unattached().count(), 1);
}

#[test]
fn objects_are_not_attached_where_they_do_not_belong() {
    let (mut vm, sessions) = machine(Policy::Cooperative, 2);
    vm.run(&NoHandler, 1).expect("nothing goes wrong");
    let here = roles("x").attach(&mut vm, sessions[0].id()).expect_err("it has its objects");
    assert!(here.to_string().contains("it has its role objects"), "{here}");

    let mut later = vm.snapshot().expect("codecs").resume([&review::IMAGE]).expect("it fits");
    let foreign = roles("x").attach(&mut later, sessions[0].id()).expect_err("another machine's");
    assert!(matches!(foreign, VMError::ForeignSession { .. }), "{foreign}");
    let id = later.session_numbered(0).expect("it is running");
    let other = mute::Roles { a: Muted, b: Muted }.attach(&mut later, id);
    let other = other.expect_err("of another protocol");
    assert!(other.to_string().contains("they play another protocol"), "{other}");
    let Roles { author, first, .. } = roles("x");
    let outside = review::Roles { author, first, second: Elsewhere }.attach(&mut later, id);
    let outside = outside.expect_err("all roles were played here");
    assert!(outside.to_string().contains("other roles are played from outside"), "{outside}");
    // Nothing has changed.
    let attached = roles("x").attach(&mut later, id).expect("it waits");
    assert_eq!(attached.id(), id);
    let unknown = later.session_numbered(7).expect_err("there is none");
    assert!(matches!(unknown, VMError::StaleSession { .. }), "{unknown}");
}

struct Muted;

impl mute::A for Muted {
    fn draft(&mut self) -> HandlerResult<Note> {
        Ok(Note::default())
    }
    fn on_enough(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

impl mute::B for Muted {
    fn on_draft(&mut self, _: Note) -> HandlerResult<()> {
        Ok(())
    }
    fn enough(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

#[test]
fn a_value_that_cannot_be_written_down_is_named() {
    let mut vm = VM::new(VMConfig { quantum: 1, ..VMConfig::default() });
    let session = mute::Roles { a: Muted, b: Muted }.open(&mut vm).expect("there is room");
    let before = vm.snapshot();
    before.expect("nothing is on its way");
    vm.step(&NoHandler).expect("nothing goes wrong");
    let error = vm.snapshot().expect_err("a draft is on its way");
    assert_eq!(
        error.to_string(),
        "session #0 cannot be written down: the channel from `A` to `B` holds a value of type \
         `snapshot::snapshot::objects::Note`, the payload of `Draft(Note)`",
    );
    assert!(matches!(error, SnapshotError::Unwritable { session: 0, .. }));
    let alone = vm.snapshot_session(session.id()).expect_err("it is the same session");
    assert_eq!(alone.to_string(), error.to_string());
    // Nothing has changed.
    vm.run(&NoHandler, 10).expect("nothing goes wrong");
    assert!(session.into_roles(&mut vm).is_ok());
}

#[test]
fn roles_that_were_not_kept_are_an_error() {
    let (vm, sessions) = machine(Policy::Cooperative, 2);
    let mut snapshot = vm.snapshot().expect("codecs");
    let missing = snapshot.roles::<Roles>(0).expect_err("they were not kept");
    assert_eq!(missing.to_string(), "the role objects of session #0: they were not kept");
    snapshot.keep_roles(&vm, sessions[0]).expect("they are there");
    let wrong = snapshot.roles::<Vec<u8>>(0).expect_err("they are something else");
    assert!(wrong.to_string().starts_with("the role objects of session #0: "), "{wrong}");
    assert_eq!(snapshot.roles::<Roles>(0).expect("they were kept").first.name, "a1");
    // What is resumed and waits has no objects to keep.
    let mut later = snapshot.clone().resume([&review::IMAGE]).expect("it fits");
    let id = later.session_numbered(0).expect("it is running");
    let session = roles("late").attach(&mut later, id).expect("it waits");
    let again = later.snapshot().expect("codecs").resume([&review::IMAGE]).expect("it fits");
    let gone = snapshot.keep_roles(&again, session).expect_err("of another machine");
    assert!(matches!(gone, SnapshotError::Refused(VMError::ForeignSession { .. })), "{gone}");
}

/// A session goes to another machine in the middle, with its objects.
#[test]
fn a_session_moves() {
    for quantum in 1..5 {
        for rounds in 0..12 {
            let (mut vm, sessions) = machine(Policy::Cooperative, quantum);
            vm.run(&NoHandler, rounds).expect("nothing goes wrong");
            if vm.session(sessions[1].id()).is_err() {
                continue;
            }
            let mut snapshot = vm.snapshot_session(sessions[1].id()).expect("it is alone");
            snapshot.keep_roles(&vm, sessions[1]).expect("they are there");
            vm.cancel(sessions[1].id(), "it moves").expect("it is running");

            let bytes = snapshot.to_bytes();
            let snapshot = SessionSnapshot::from_bytes(&bytes).expect("it was written by us");
            assert_eq!(snapshot.number(), 1);
            let kept: Roles = snapshot.roles().expect("they were kept");
            let mut there = VM::default();
            roles("c").open_detached(&mut there).expect("there is room");
            let id = snapshot.clone().resume(&mut there, [&review::IMAGE]).expect("1 is free");
            assert_eq!(id.ordinal(), 1);
            let again = snapshot.clone().resume(&mut there, [&review::IMAGE]);
            assert!(matches!(again, Err(SnapshotError::NumberTaken { session: 1 })), "{again:?}");
            let twin = snapshot.adopt(&mut there, [&review::IMAGE]).expect("it gets a new number");
            assert_eq!(twin.ordinal(), 2);
            let session = kept.clone().attach(&mut there, id).expect("it waits");
            let twin = kept.attach(&mut there, twin).expect("it waits");
            there.run(&NoHandler, 1_000).expect("nothing goes wrong");
            assert_eq!(there.progress(), Progress::Complete);
            for session in [session, twin] {
                let roles = session.into_roles(&mut there).expect("it is complete");
                assert_eq!(roles.author.remarks.len(), 6);
                assert_eq!(roles.second.read.len(), 3);
                assert_eq!(roles.second.read[2].text, "draft 3");
            }
        }
    }
}

#[test]
fn images_are_found_by_their_hash() {
    let (vm, _) = machine(Policy::Cooperative, 2);
    let snapshot = vm.snapshot().expect("codecs");
    let missing = snapshot.clone().resume([&mute::IMAGE]).expect_err("it is another");
    let hash = review::IMAGE.hash();
    assert_eq!(
        missing.to_string(),
        format!(
            "the image with the roles Author, First, Second and the hash {hash} is not among those that were given"
        ),
    );
    let none = Snapshot::resume(snapshot, []).expect_err("there is none");
    assert!(matches!(none, SnapshotError::MissingImage { .. }));
}

/// A part that has sent something to `Second`, who is elsewhere.
fn part() -> (VM, SessionId) {
    let mut vm = VM::default();
    let Roles { author, first, .. } = roles("x");
    let part = review::Roles { author, first, second: Elsewhere }.open(&mut vm);
    let part = part.expect("there is room").id();
    vm.run(&NoHandler, 1).expect("nothing goes wrong");
    (vm, part)
}

#[test]
fn a_part_goes_on_in_another_machine() {
    let (mut vm, part) = part();
    let (whole, alone) = (vm.snapshot(), vm.snapshot_session(part).expect("codecs"));
    let mut later =
        there_and_back(&whole.expect("codecs")).resume([&review::IMAGE]).expect("it fits");
    let mut third = VM::default();
    let adopted = alone.adopt(&mut third, [&review::IMAGE]).expect("there is room");
    let resumed = later.session_numbered(0).expect("it is running");
    let outgoing = |vm: &mut VM, session| {
        let mut outgoing = Vec::new();
        vm.take_outgoing(session, &mut outgoing).expect("it is one of this machine");
        format!("{outgoing:?}")
    };
    let expected = outgoing(&mut vm, part);
    assert!(expected.contains("number: 0"), "{expected}");
    for (vm, session) in [(&mut later, resumed), (&mut third, adopted)] {
        let all = roles("x").attach(vm, session).expect_err("one was elsewhere");
        assert!(all.to_string().contains("other roles are played from outside"), "{all}");
        let Roles { author, first, .. } = roles("x");
        let driven = review::Roles { author, first, second: Driven }.attach(vm, session);
        driven.expect_err("it was elsewhere");
        let Roles { author, first, .. } = roles("x");
        let part = review::Roles { author, first, second: Elsewhere }.attach(vm, session);
        assert_eq!(part.expect("as before").id(), session);
        assert_eq!(outgoing(vm, session), expected);
    }
}

#[test]
fn whoever_is_outside_is_told_after_the_machine_was_resumed() {
    let (mut vm, part) = part();
    vm.cancel(part, "enough").expect("it is running");
    let mut later =
        there_and_back(&vm.snapshot().expect("codecs")).resume([&review::IMAGE]).expect("it fits");
    let (mut ended, mut expected) = (Vec::new(), Vec::new());
    later.take_ended(&mut ended);
    vm.take_ended(&mut expected);
    assert_eq!(format!("{ended:?}"), format!("{expected:?}"));
    assert_eq!(ended.len(), 1);
}

#[test]
fn a_session_that_has_ended_badly_says_so_when_it_has_its_objects() {
    let mut vm = VM::new(VMConfig { quantum: 1, ..VMConfig::default() });
    let sessions = ["a", "b", "c"].map(|name| roles(name).open(&mut vm).expect("there is room"));
    vm.run(&NoHandler, 2).expect("nothing goes wrong");
    vm.cancel(sessions[0].id(), "it is late").expect("it is running");
    vm.close(sessions[1].id()).expect("it is running");
    vm.run(&NoHandler, 10_000).expect("nothing goes wrong");
    let snapshot = vm.snapshot().expect("codecs");
    let expected = sessions
        .map(|session| session.into_roles(&mut vm).map(drop).map_err(|error| error.to_string()));
    assert!(expected[0].is_err() && expected[1].is_err() && expected[2].is_ok(), "{expected:?}");
    let mut later = there_and_back(&snapshot).resume([&review::IMAGE]).expect("it fits");
    assert_eq!(later.progress(), Progress::Complete);
    let ids: Vec<SessionId> = later.unattached().collect();
    assert_eq!(ids, sessions.map(Session::id));
    for (id, expected) in ids.into_iter().zip(expected) {
        let session = roles("again").attach(&mut later, id).expect("its outcome waits");
        let found = session.into_roles(&mut later).map(drop).map_err(|error| error.to_string());
        assert_eq!(found, expected);
    }
    assert_eq!(later.unattached().count(), 0);
}

/// Who is paused is up to the machine in which a session is.
#[test]
fn a_session_that_moves_is_paused_where_it_comes_to() {
    for rounds in 0..8 {
        let (mut vm, sessions) = machine(Policy::Cooperative, 2);
        vm.run(&NoHandler, rounds).expect("nothing goes wrong");
        if rounds % 2 == 0 {
            vm.pause("First");
        }
        let mut snapshot = vm.snapshot_session(sessions[1].id()).expect("it is alone");
        snapshot.keep_roles(&vm, sessions[1]).expect("they are there");
        let mut there = VM::default();
        there.pause("Author");
        let id = snapshot.resume(&mut there, [&review::IMAGE]).expect("the number is free");
        let kept: Roles = snapshot_roles(&vm, sessions[1]);
        let session = kept.attach(&mut there, id).expect("it waits");
        there.run(&NoHandler, 100).expect("nothing goes wrong");
        assert_eq!(there.open_sessions(), 1, "its author is paused");
        there.resume("Author");
        there.run(&NoHandler, 1_000).expect("nothing goes wrong");
        let roles = session.into_roles(&mut there).expect("nobody else is paused here");
        assert_eq!(roles.second.read.len(), 3);
    }
}

/// Copies of the objects of a session.
fn snapshot_roles(vm: &VM, session: Session<Roles>) -> Roles {
    let mut snapshot = vm.snapshot_session(session.id()).expect("it is alone");
    snapshot.keep_roles(vm, session).expect("they are there");
    snapshot.roles().expect("they were kept")
}

#[test]
fn objects_are_not_attached_to_what_a_handler_plays() {
    let mut vm = VM::default();
    let id = vm.load_choreography(&review::IMAGE).expect("there is room");
    let refused = roles("x").attach(&mut vm, id).expect_err("a handler plays it");
    assert!(refused.to_string().contains("a handler plays its roles"), "{refused}");
}

/// Boxes in boxes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Boxes(Vec<Boxes>);

impl Boxes {
    fn deep(depth: usize) -> Self {
        (0..depth).fold(Self::default(), |inner, _| Self(vec![inner]))
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Scale {
    heaviest: f64,
    last: Option<f32>,
    inside: Boxes,
    sent: Boxes,
}

impl weigh::Scale for Scale {
    fn boxes(&mut self) -> HandlerResult<Boxes> {
        Ok(self.sent.clone())
    }
    fn on_thanks(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Clerk;

impl weigh::Clerk for Clerk {
    fn on_boxes(&mut self, _: Boxes) -> HandlerResult<()> {
        Ok(())
    }
}

fn weighed(scale: Scale) -> (VM, Session<weigh::Roles<Scale, Clerk>>) {
    let mut vm = VM::default();
    vm.pause("Clerk");
    let session = weigh::Roles { scale, clerk: Clerk }.open(&mut vm).expect("there is room");
    vm.run(&NoHandler, 10).expect("nobody faults");
    (vm, session)
}

/// What would come back as something else, or not at all, is not kept.
#[test]
fn objects_that_would_not_come_back_are_not_kept() {
    let lost = [
        (Scale { heaviest: f64::INFINITY, ..Scale::default() }, "JSON has no number for `inf`"),
        (Scale { heaviest: f64::NAN, ..Scale::default() }, "JSON has no number for `NaN`"),
        (Scale { last: Some(f32::NAN), ..Scale::default() }, "JSON has no number for `NaN`"),
        (Scale { inside: Boxes::deep(200), ..Scale::default() }, "they could not be read again"),
    ];
    for (scale, why) in lost {
        let (vm, session) = weighed(scale);
        let mut snapshot = vm.snapshot().expect("the payload has a codec");
        let error = snapshot.keep_roles(&vm, session).expect_err("something would be lost");
        assert!(matches!(error, SnapshotError::KeptRoles { session: 0, .. }), "{error:?}");
        assert!(error.to_string().contains(why), "{error}");
        let error = snapshot.roles::<weigh::Roles<Scale, Clerk>>(0).expect_err("nothing was kept");
        assert!(error.to_string().ends_with("they were not kept"), "{error}");
        let mut alone = vm.snapshot_session(session.id()).expect("it stands alone");
        assert!(alone.keep_roles(&vm, session).is_err());
    }
    let scale =
        Scale { heaviest: 0.1, last: Some(1.5), inside: Boxes::deep(100), ..Scale::default() };
    let (vm, session) = weighed(scale.clone());
    let mut snapshot = vm.snapshot().expect("the payload has a codec");
    snapshot.keep_roles(&vm, session).expect("it can be read again");
    let roles: weigh::Roles<Scale, Clerk> = there_and_back(&snapshot).roles(0).expect("kept");
    assert_eq!(roles.scale, scale);
}

/// A payload that its codec writes and would not read again does not spoil a whole machine.
#[test]
fn a_payload_that_is_too_deep_is_not_written_down() {
    for (depth, is_written) in [(100, true), (126, true), (128, false), (1_000, false)] {
        let (vm, session) = weighed(Scale { sent: Boxes::deep(depth), ..Scale::default() });
        match vm.snapshot() {
            Ok(snapshot) => {
                assert!(is_written, "{depth}");
                there_and_back(&snapshot).resume([&weigh::IMAGE]).expect("it can be read");
            }
            Err(error) => {
                assert!(!is_written, "{depth}: {error}");
                assert!(matches!(error, SnapshotError::Unwritable { .. }), "{error:?}");
                assert!(error.to_string().contains("recursion limit"), "{error}");
            }
        }
        assert_eq!(vm.snapshot_session(session.id()).is_ok(), is_written);
    }
}

/// Machines list their sessions by number, wherever they are in memory.
#[test]
fn sessions_are_listed_by_their_numbers() {
    let mut vm = VM::default();
    for name in ["a", "b", "c"] {
        let first = roles(name).open(&mut vm).expect("there is room");
        vm.load_choreography(&weigh::IMAGE).expect("there is room");
        // Its objects are not taken yet, and it is somewhere else in the machine that is resumed.
        vm.cancel(first.id(), "enough").expect("it runs");
    }
    let numbers = |vm: &VM| vm.sessions().map(|session| session.id().ordinal()).collect::<Vec<_>>();
    assert_eq!(numbers(&vm), [1, 3, 5]);
    vm.pause("Scale");
    vm.run(&NoHandler, 10).expect("nobody acts");
    let snapshot = there_and_back(&vm.snapshot().expect("no payload is on its way"));
    let resumed = snapshot.resume([&weigh::IMAGE, &review::IMAGE]).expect("it fits");
    assert_eq!(numbers(&resumed), [1, 3, 5]);
    let waiting = |vm: &VM| vm.waiting().map(|waiting| waiting.to_string()).collect::<Vec<_>>();
    assert_eq!(waiting(&resumed), waiting(&vm));
    // Both know sessions by their numbers, those that have ended as well if somebody asks for them.
    for vm in [&vm, &resumed] {
        for number in 0..6 {
            let session = vm.session_numbered(number).expect("it is there");
            assert_eq!(session.ordinal(), number);
            assert_eq!(vm.session(session).is_ok(), number % 2 == 1);
        }
        assert!(vm.session_numbered(6).is_err());
    }
}
