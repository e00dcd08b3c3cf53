//! Recordings: what is written down, and that it is played again.

#[path = "support/mod.rs"]
mod support;

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use insta::assert_snapshot;
use telltale_bytecode::{Assembler, Hop, Instr, Reg, SetId, Slot, Via};
use telltale_vm::generated::{
    ChoiceVisitor, MessageVisitor, Player, Players, RoleObjects, SessionHost,
};
use telltale_vm::loader::CodeImage;
use telltale_vm::outside::Outgoing;
use telltale_vm::recording::{Divergence, Recorded, Recorder, RecordingError, Replay};
use telltale_vm::wire::{Codec, CodecError};
use telltale_vm::{
    Branch, ByHandler, Context, EffectHandler, HandlerError, HandlerResult, LabelId, Leftover,
    Message, Network, NoHandler, ObsEvent, Observed, Picked, Policy, RoleId, SendDecision,
    SessionStatus, VM, VMConfig, Value, choreography, normalize_trace,
};

choreography! {
    /// A customer asks until the price is right.
    #[serde]
    protocol Purchase(Customer, Shop, Store) {
        loop {
            Customer -> Shop: Ask { what: String, amount: u8 };
            Shop -> Customer: Price(u64);
            choice Answer at Customer {
                Customer -> Shop: Buy(String, u32);
                Shop -> Store: Pack(Vec<String>);
                Store -> Customer: Parcel;
                break;
            } or {
                Customer -> Shop: Again;
                Shop -> Store: Rest;
            }
        }
    }
}

choreography! {
    protocol Twice(Alice, Bob) {
        par {
            Alice -> Bob: One(u64);
        } and {
            Alice -> Bob: Two(String);
        }
        choice at Bob {
            Bob -> Alice: Yes;
        } or {
            Bob -> Alice: No;
        }
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Hole(Vec<Hole>);

choreography! {
    #[serde]
    protocol Deep(Digger, Watcher) {
        Digger -> Watcher: Hole(Hole);
    }
}

/// Bytes that no JSON is.
struct Backwards;

impl Codec for Backwards {
    fn encode<T: serde::Serialize>(payload: &T, to: &mut Vec<u8>) -> Result<(), CodecError> {
        let mut json = serde_json::to_vec(payload)?;
        json.reverse();
        to.extend(json);
        Ok(())
    }

    fn decode<T: serde::de::DeserializeOwned>(from: &[u8]) -> Result<T, CodecError> {
        let json: Vec<u8> = from.iter().rev().copied().collect();
        Ok(serde_json::from_slice(&json)?)
    }
}

choreography! {
    #[serde(codec = Backwards)]
    protocol Binary(Alice, Bob) {
        Alice -> Bob: Number(u64);
        choice at Bob { Bob -> Alice: Text(String); } or { Bob -> Alice: Nothing; }
    }
}

/// The same a year later: prices are signed, and nobody asks again.
mod later {
    use super::choreography;

    choreography! {
        #[serde]
        pub(crate) protocol Purchase(Customer, Shop, Store) {
            Customer -> Shop: Ask { what: String, amount: u8 };
            Shop -> Customer: Price(i64);
            Customer -> Shop: Buy(String, u32);
            Shop -> Store: Pack(Vec<String>);
            Store -> Customer: Parcel;
        }
    }
}

struct Customer {
    asked: u8,
}

impl purchase::Customer for Customer {
    fn ask(&mut self) -> HandlerResult<purchase::Ask> {
        self.asked += 1;
        Ok(purchase::Ask { what: "tea".to_owned(), amount: self.asked })
    }
    fn on_price(&mut self, _: u64) -> HandlerResult<()> {
        Ok(())
    }
    fn answer(&mut self) -> HandlerResult<purchase::Answer> {
        Ok(match self.asked {
            2 => purchase::Answer::Buy("Rose Street".to_owned(), 7),
            _ => purchase::Answer::Again,
        })
    }
    fn on_parcel(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

struct Shop {
    price: u64,
    amount: u8,
}

impl purchase::Shop for Shop {
    fn on_ask(&mut self, _: String, amount: u8) -> HandlerResult<()> {
        self.amount = amount;
        Ok(())
    }
    fn price(&mut self) -> HandlerResult<u64> {
        Ok(self.price * u64::from(self.amount))
    }
    fn on_buy(&mut self, _: (String, u32)) -> HandlerResult<()> {
        Ok(())
    }
    fn pack(&mut self) -> HandlerResult<Vec<String>> {
        Ok(vec!["tea".to_owned(); self.amount.into()])
    }
    fn on_again(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

struct Store;

impl purchase::Store for Store {
    fn on_pack(&mut self, _: Vec<String>) -> HandlerResult<()> {
        Ok(())
    }
    fn on_rest(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

type Roles = purchase::Roles<Customer, Shop, Store>;

fn roles(price: u64) -> Roles {
    let shop = Shop { price, amount: 0 };
    purchase::Roles { customer: Customer { asked: 0 }, shop, store: Store }
}

/// One session, then.
fn recording() -> String {
    let recorder = Recorder::new(&NoHandler);
    roles(25).play_with(&recorder).expect("it is complete");
    text(recorder)
}

fn text(recorder: Recorder<'_>) -> String {
    String::from_utf8(recorder.finish().expect("all can be written down")).expect("it is text")
}

fn read(text: &str) -> Recorded {
    Recorded::read(text.as_bytes()).expect("it is a recording")
}

fn not_read(text: &str) -> String {
    Recorded::read(text.as_bytes()).expect_err("it is no recording").to_string()
}

/// What a session of these roles is found to do instead of what was then.
fn diverging(text: &str, roles: Roles) -> String {
    let then = read(text);
    let (replay, mut vm) = (Replay::new(&then), VM::new(then.config()));
    roles.open_detached(&mut vm).expect("there is room");
    shown(&replay.run(&mut vm).expect_err("it is something else"))
}

/// Without hashes, which are others with every format of images.
fn without_hashes(text: String) -> String {
    let hashes = [&purchase::IMAGE, &later::purchase::IMAGE].map(|image| image.hash().to_string());
    hashes.iter().fold(text, |text, hash| text.replace(hash, "HASH").replace(&hash[..8], "HASH"))
}

/// Without the line of this file either, which moves.
fn shown(divergence: &Divergence) -> String {
    assert_eq!(format!("{divergence:?}"), divergence.to_string());
    let text = without_hashes(divergence.to_string());
    let Some((before, place)) = text.split_once("recording.rs:") else { return text };
    let behind = place.trim_start_matches(|digit: char| digit.is_ascii_digit());
    assert!(behind.len() < place.len(), "{text}");
    format!("{before}recording.rs:N{behind}")
}

#[test]
fn a_recording_can_be_read() {
    assert_snapshot!(without_hashes(recording()));
}

#[test]
fn objects_repeat_what_was_recorded_and_so_does_nobody_at_all() {
    let text = recording();
    let then = read(&text);
    let mut vm = VM::new(then.config());
    roles(25).open_detached(&mut vm).expect("there is room");
    Replay::new(&then).run(&mut vm).expect("they have not changed");
    let of_objects = vm.trace();

    let mut vm = VM::new(then.config());
    vm.load_choreography(&purchase::IMAGE).expect("there is room");
    Replay::new(&then).run(&mut vm).expect("it is what was recorded");
    assert_eq!(vm.trace(), of_objects);

    // Some of them, with the others as they were then.
    let some = purchase::Roles {
        customer: ByHandler,
        shop: Shop { price: 25, amount: 0 },
        store: ByHandler,
    };
    let mut vm = VM::new(then.config());
    let session = some.open(&mut vm).expect("there is room");
    Replay::new(&then).run(&mut vm).expect("it is what was recorded");
    assert_eq!(vm.trace(), of_objects);
    assert_eq!(session.into_roles(&mut vm).expect("it is complete").shop.amount, 2);
}

#[test]
fn what_is_recorded_again_is_the_same() {
    let text = recording();
    let then = read(&text);
    let replay = Replay::new(&then);
    let recorder = Recorder::new(&replay);
    let mut vm = VM::default();
    vm.load_choreography(&purchase::IMAGE).expect("there is room");
    vm.run(&recorder, 1_000).expect("it is what was recorded");
    replay.finish().expect("it is what was recorded");
    assert_eq!(self::text(recorder), text);
}

struct Leaves;
impl purchase::Customer for Leaves {
    fn ask(&mut self) -> HandlerResult<purchase::Ask> {
        Ok(purchase::Ask { what: "tea".to_owned(), amount: 1 })
    }
    fn on_price(&mut self, _: u64) -> HandlerResult<()> {
        Ok(())
    }
    fn answer(&mut self) -> HandlerResult<purchase::Answer> {
        Ok(purchase::Answer::Buy("Rose Street".to_owned(), 7))
    }
    fn on_parcel(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}
struct Fails(bool);
impl purchase::Store for Fails {
    fn on_pack(&mut self, _: Vec<String>) -> HandlerResult<()> {
        assert!(!self.0, "no room");
        Err("no room".into())
    }
    fn on_rest(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

#[test]
fn what_objects_do_otherwise_is_found_at_its_first_event() {
    let text = recording();
    let asks_more = Customer { asked: 1 };
    let shop = |price| Shop { price, amount: 0 };
    assert_snapshot!(diverging(&text, roles(30)));
    assert_snapshot!(diverging(
        &text,
        purchase::Roles { customer: asks_more, shop: shop(25), store: Store }
    ));

    let found = |error: Result<(), Divergence>| {
        let error = error.expect_err("it is something else");
        format!("{} ({:?}, {:?})", shown(&error), error.line(), error.role())
    };
    let then = read(&text);
    let mut vm = VM::default();
    let leaves = purchase::Roles { customer: Leaves, shop: ByHandler, store: ByHandler };
    leaves.open_detached(&mut vm).expect("there is room");
    assert_snapshot!(found(Replay::new(&then).run(&mut vm)));

    let mut vm = VM::default();
    let fails = purchase::Roles { customer: ByHandler, shop: shop(25), store: Fails(false) };
    fails.open_detached(&mut vm).expect("there is room");
    assert_snapshot!(found(Replay::new(&then).run(&mut vm)));

    let panics = purchase::Roles { customer: ByHandler, shop: shop(25), store: Fails(true) };
    let mut vm = VM::default();
    panics.open_detached(&mut vm).expect("there is room");
    assert_snapshot!(found(Replay::new(&then).run(&mut vm)));
}

#[test]
fn a_protocol_that_has_changed_is_named_where_it_no_longer_fits() {
    let then = read(&recording());
    let mut vm = VM::default();
    vm.load_choreography(&later::purchase::IMAGE).expect("there is room");
    let error = Replay::new(&then).run(&mut vm).expect_err("the protocol is another one");
    assert_snapshot!(shown(&error));
}

/// Every value in a recording, replaced by another one.
#[test]
fn what_was_altered_is_found_where_it_was_altered() {
    let text = recording();
    let lines: Vec<&str> = text.lines().collect();
    let altered = [
        ("\"amount\":2", "\"amount\":3"),
        ("25", "24"),
        ("\"sends\":\"Price\"", "\"sends\":\"Ask\""),
        ("Rose Street", "Rose Lane"),
        ("\"chooses\":\"Again\"", "\"chooses\":\"Rest\""),
        ("\"receives\":\"Parcel\"", "\"receives\":\"Pack\""),
        ("\"from\":\"Store\"", "\"from\":\"Shop\""),
        ("[\"tea\",\"tea\"]", "[\"tea\"]"),
    ];
    for (from, to) in altered {
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.contains(from)) {
            let other = line.replacen(from, to, 1);
            let mut lines = lines.clone();
            lines[at] = &other;
            let text = lines.join("\n") + "\n";
            let with_objects = diverging(&text, roles(25));
            assert!(with_objects.contains(&format!("line {} ", at + 1)), "{other}: {with_objects}");
            assert!(with_objects.contains(" -> "), "{with_objects}");

            // Without objects there is nobody who knows better, but the receiver was told something else than the sender sent.
            let (then, mut vm) = (read(&text), VM::default());
            vm.load_choreography(&purchase::IMAGE).expect("there is room");
            let error = Replay::new(&then).run(&mut vm).expect_err("it is not consistent");
            assert!(
                error.line().is_some_and(|line| line.abs_diff(at + 1) <= 1),
                "{other}: {error}"
            );
        }
    }
}

#[test]
fn lines_that_are_missing_or_doubled_are_found() {
    let text = recording();
    let lines: Vec<&str> = text.lines().collect();
    let is_event = |line: &str| line.contains("\"role\"");
    assert!(text.contains("\"ends\":\"complete\""));
    let end = lines.len() - 1;
    for at in (0..end).filter(|&at| is_event(lines[at])) {
        let end_of = |lines: usize| format!("{{\"end\":{lines}}}");
        let (fewer, more) = (end_of(end - 1), end_of(end + 1));
        let mut without = lines.clone();
        without[end] = &fewer;
        without.remove(at);
        let mut doubled = lines.clone();
        doubled[end] = &more;
        doubled.insert(at, lines[at]);
        // What is received twice may have been injected once.
        let could_be = lines[at].contains("\"receives\":\"Rest\"");
        let altered = [Some(without), (!could_be).then_some(doubled)];
        for altered in altered.into_iter().flatten() {
            let text = altered.join("\n") + "\n";
            let error = diverging(&text, roles(25));
            assert!(error.starts_with("session #0, line "), "{error}");
            let (then, mut vm) = (read(&text), VM::default());
            vm.load_choreography(&purchase::IMAGE).expect("there is room");
            Replay::new(&then).run(&mut vm).expect_err("it is not consistent");
        }
    }
}

/// What a stranger has written is quoted on one line, and not from beginning to end.
#[test]
fn lines_of_strangers_are_quoted_with_care() {
    let text = recording();
    for odd in ["\\u001b[31m\\u202e\\n".to_owned(), "k".repeat(200_000)] {
        for from in ["\"sends\"", "\"role\"", "\"of\"", "\"messages\""] {
            let error = not_read(&text.replacen(from, &format!("\"{odd}\""), 1));
            assert!(error.len() < 700, "{} bytes", error.len());
            assert!(error.chars().all(|c| !c.is_control() && c != '\u{202e}'), "{error:?}");
        }
    }
}

#[test]
fn what_is_no_recording_says_why() {
    let text = recording();
    let replaced = |from: &str, to: &str| not_read(&text.replacen(from, to, 1));
    let errors = [
        not_read(""),
        not_read("{\"tick\":0}\n"),
        not_read("\u{0}\u{1}\n"),
        replaced("\"telltale_recording\":1", "\"telltale_recording\":2"),
        replaced("\"session\":0,\"of\"", "\"session\":1,\"of\""),
        replaced("\"of\":\"", "\"of\":\"0"),
        replaced("\"role\":\"Customer\"", "\"role\":\"Costumer\""),
        replaced("\"sends\":\"Ask\"", "\"sends\":\"Asks\""),
        replaced("\"sends\":\"Ask\"", "\"sends\":\"Ask\",\"receives\":\"Ask\""),
        replaced("\"sends\":\"Ask\"", "\"utters\":\"Ask\""),
        replaced("\"to\":\"Shop\",", ""),
        replaced("\"from\":\"Customer\",", ""),
        replaced(",\"payload\":25", ""),
        replaced(",\"payload\":25", ",\"payload\":25,\"bytes\":\"00\""),
        replaced(",\"payload\":25", ",\"bytes\":\"0\""),
        replaced(",\"payload\":25", ",\"payload\":25,\"fails\":\"no\""),
        replaced(",\"payload\":25", ",\"fails\":\"no\",\"panics\":\"no\""),
        replaced("\"payload\":25", "\"payload\":25,"),
        replaced("{\"end\":", "{\"end\":1"),
        replaced("\"complete\"", "\"well\""),
        replaced("\"ends\":\"complete\"", "\"role\":\"Shop\""),
        replaced("{\"session\":0,\"ends", "{\"session\":2,\"ends"),
        not_read(&format!("{text}{{\"end\":1}}\n")),
    ];
    assert_snapshot!(errors.join("\n"));
}

#[test]
fn a_recording_may_be_cut_off_anywhere() {
    let text = recording();
    let last = text.trim_end().rfind('\n').expect("there are lines");
    for end in 0..text.len() {
        let cut = &text[..end];
        assert!(Recorded::read(cut.as_bytes()).is_err(), "{end}");
        let Ok(then) = Recorded::read_cut_off(cut.as_bytes()) else {
            assert!(end < text.find('\n').expect("there are lines"), "{end}");
            continue;
        };
        if end > last {
            continue;
        }
        let mut vm = VM::default();
        vm.load_choreography(&purchase::IMAGE).expect("there is room");
        if then.sessions().len() == 1 {
            Replay::new(&then).run(&mut vm).expect("as far as it goes");
        }
    }
}

#[test]
fn whatever_bytes_come_there_is_an_answer() {
    let text = recording();
    let mut seed = 1_u64;
    for _ in 0..3_000 {
        let mut bytes = text.clone().into_bytes();
        for _ in 0..2 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = (seed >> 33) as usize % bytes.len();
            bytes[at] = (seed >> 20) as u8;
        }
        let Ok(then) = Recorded::read_cut_off(&bytes[..]) else { continue };
        let mut vm = VM::new(VMConfig { max_sessions: 10, ..VMConfig::default() });
        roles(25).open_detached(&mut vm).expect("there is room");
        let _ = Replay::new(&then).run(&mut vm);
    }
}

/// Values that its seed gives, late, failing or panicking at a call.
#[derive(Default)]
struct Moody {
    calls: AtomicUsize,
    late: Vec<usize>,
    fails: Option<usize>,
    panics: Option<usize>,
    loses: Option<usize>,
    defers: Option<usize>,
    sent: AtomicUsize,
}

impl Moody {
    fn mood(&self) -> HandlerResult<()> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        assert!(self.panics != Some(call), "panicked at {call}");
        if self.fails == Some(call) {
            return Err(format!("failed at {call}").into());
        }
        if self.late.contains(&call) { Err(HandlerError::pending()) } else { Ok(()) }
    }
}

impl EffectHandler for Moody {
    fn send(&self, cx: &Context<'_>, _: RoleId, label: LabelId) -> HandlerResult<Value> {
        self.mood()?;
        Ok(support::value_of(cx.label(label).payload, cx.seed()))
    }
    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        self.mood()
    }
    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        self.mood()?;
        let branch = cx.seed() as usize % branches.len();
        let value = support::value_of(cx.label(branches[branch].label).payload, cx.seed());
        Ok(Picked { branch, value })
    }
    fn network(&self) -> Option<&dyn Network> {
        (self.loses.is_some() || self.defers.is_some()).then_some(self)
    }
}

impl Network for Moody {
    fn decide(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> SendDecision {
        let sent = Some(self.sent.fetch_add(1, Ordering::Relaxed));
        if sent == self.loses {
            SendDecision::Drop
        } else if sent == self.defers {
            SendDecision::Defer
        } else {
            SendDecision::Deliver
        }
    }
}

const CHAT: &str = "μt. A→{B:more. B→C:on. C→A:back. t; B:stop. B→C:stop}";

/// A run of two sessions, then, with what is done when nobody can act.
fn recorded_run(
    config: &VMConfig,
    image: &CodeImage,
    moody: &Moody,
    mut idle: impl FnMut(&mut VM) -> bool,
) -> (Vec<ObsEvent>, String) {
    let recorder = Recorder::new(moody).with_config(config.clone());
    let mut vm = VM::new(config.clone());
    for _ in 0..2 {
        vm.load_choreography(image).expect("there is room");
    }
    loop {
        let _ = vm.run(&recorder, 40);
        if !idle(&mut vm) {
            break;
        }
    }
    (vm.trace(), text(recorder))
}

/// Wakes everybody who can be woken.
fn wake_all(vm: &mut VM) -> bool {
    let sessions: Vec<_> = vm.sessions().map(|session| session.id()).collect();
    let wakes = sessions.iter().flat_map(|&session| ["A", "B", "C"].map(|role| (session, role)));
    wakes.filter(|(session, role)| vm.wake(*session, role).is_ok()).count() > 0
}

fn replayed(image: &CodeImage, text: &str) -> Vec<ObsEvent> {
    let then = read(text);
    let mut vm = VM::new(then.config());
    for _ in then.sessions() {
        vm.load_choreography(image).expect("there is room");
    }
    Replay::new(&then).run(&mut vm).unwrap_or_else(|error| panic!("{error}\n{text}"));
    vm.trace()
}

fn events(trace: &[ObsEvent]) -> Vec<String> {
    normalize_trace(trace).iter().map(ToString::to_string).collect()
}

#[test]
fn lateness_failures_and_panics_are_repeated() {
    let image = &support::image_of(CHAT, "String");
    for policy in Policy::ALL {
        let config = VMConfig { policy, capacity: 1, seed: 5, ..VMConfig::default() };
        for call in 0..12 {
            let moods = [
                Moody { late: vec![call, call + 1, call + 4], ..Moody::default() },
                Moody { fails: Some(call), ..Moody::default() },
                Moody { panics: Some(call), ..Moody::default() },
            ];
            for moody in moods {
                let (trace, text) = recorded_run(&config, image, &moody, wake_all);
                assert_eq!(
                    events(&replayed(image, &text)),
                    events(&trace),
                    "{policy:?} {call}\n{text}"
                );
            }
        }
    }
}

/// Late, in what it sends and in what it receives.
struct LateShop {
    shop: Shop,
    late: bool,
}

impl LateShop {
    fn mood(&mut self) -> HandlerResult<()> {
        self.late = !self.late;
        if self.late { Err(HandlerError::pending()) } else { Ok(()) }
    }
}

impl purchase::Shop for LateShop {
    fn on_ask(&mut self, what: String, amount: u8) -> HandlerResult<()> {
        purchase::Shop::on_ask(&mut self.shop, what, amount)?;
        self.late = false;
        Err(HandlerError::pending())
    }
    fn price(&mut self) -> HandlerResult<u64> {
        self.mood()?;
        purchase::Shop::price(&mut self.shop)
    }
    fn on_buy(&mut self, _: (String, u32)) -> HandlerResult<()> {
        Ok(())
    }
    fn pack(&mut self) -> HandlerResult<Vec<String>> {
        self.mood()?;
        purchase::Shop::pack(&mut self.shop)
    }
    fn on_again(&mut self) -> HandlerResult<()> {
        Err(HandlerError::pending())
    }
}

#[test]
fn objects_may_be_late_where_they_were_not_and_the_other_way_round() {
    let late = || {
        let shop = LateShop { shop: Shop { price: 25, amount: 0 }, late: false };
        purchase::Roles { customer: Customer { asked: 0 }, shop, store: Store }
    };
    let in_time = recording();
    let recorder = Recorder::new(&NoHandler);
    let mut vm = VM::default();
    let session = late().open_detached(&mut vm).expect("there is room");
    while vm.run(&recorder, 100).is_ok_and(|progress| progress == telltale_vm::Progress::Waiting) {
        vm.wake(session, "Shop").expect("it was late");
    }
    let with_lateness = text(recorder);
    assert_eq!(with_lateness.matches("\"pending\":true").count(), 6, "{with_lateness}");

    for text in [&in_time, &with_lateness] {
        let then = read(text);
        let mut vm = VM::default();
        late().open_detached(&mut vm).expect("there is room");
        Replay::new(&then).run(&mut vm).expect("the same, late");
        let mut vm = VM::default();
        roles(25).open_detached(&mut vm).expect("there is room");
        Replay::new(&then).run(&mut vm).expect("the same, in time");
        let mut vm = VM::default();
        vm.load_choreography(&purchase::IMAGE).expect("there is room");
        Replay::new(&then).run(&mut vm).expect("the same, as it was recorded");
    }
}

#[test]
fn what_a_network_did_is_repeated() {
    let image = &support::image_of(CHAT, "u64");
    for message in 0..8 {
        let config = VMConfig { seed: 9, ..VMConfig::default() };
        let loses = Moody { loses: Some(message), ..Moody::default() };
        let (trace, text) = recorded_run(&config, image, &loses, |_| false);
        assert_eq!(events(&replayed(image, &text)), events(&trace), "{text}");

        let defers = Moody { defers: Some(message), ..Moody::default() };
        let mut deferred = 0;
        let (trace, text) = recorded_run(&config, image, &defers, |vm| {
            let sessions: Vec<_> = vm.sessions().map(|session| session.id()).collect();
            let late: Vec<_> = sessions
                .into_iter()
                .flat_map(|session| {
                    let messages = vm.take_deferred(session).expect("it is running");
                    messages.into_iter().map(move |message| (session, message))
                })
                .collect();
            deferred += late.len();
            late.into_iter()
                .fold(false, |_, (session, message)| vm.inject(session, message).is_ok())
        });
        let again = replayed(image, &text);
        assert_eq!(again.len(), trace.len(), "{text}");
        assert!(deferred <= 1);
    }
}

#[test]
fn what_was_done_from_outside_does_not_prevent_a_replay() {
    let image = &support::image_of(CHAT, "u64");
    for stop in 1..6 {
        for how in 0..3 {
            let recorder = Recorder::new(&BySeed);
            let mut vm = VM::new(VMConfig { quantum: 3, ..VMConfig::default() });
            let session = vm.load_choreography(image).expect("there is room");
            vm.pause("C");
            vm.run(&recorder, stop).expect("nobody faults");
            vm.resume("C");
            let done = match how {
                0 => vm.cancel(session, "enough"),
                1 => vm.close(session),
                _ => Ok(()),
            };
            let _ = vm.run(&recorder, stop);
            done.ok();
            let then = read(&text(recorder));
            let mut vm = VM::default();
            vm.load_choreography(image).expect("there is room");
            Replay::new(&then).run(&mut vm).expect("as far as it had come");
        }
    }
}

struct BySeed;

impl EffectHandler for BySeed {
    fn send(&self, cx: &Context<'_>, _: RoleId, label: LabelId) -> HandlerResult<Value> {
        Ok(support::value_of(cx.label(label).payload, cx.seed()))
    }
    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Ok(())
    }
    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        let branch = cx.seed() as usize % branches.len();
        let value = support::value_of(cx.label(branches[branch].label).payload, cx.seed());
        Ok(Picked { branch, value })
    }
}

#[test]
fn an_injected_message_is_injected_again() {
    let image = support::image_of("A→B:one. B→A:two", "u64");
    let recorder = Recorder::new(&BySeed);
    let (mut vm, session) = support::open(VMConfig::default(), &image);
    vm.pause("A");
    vm.run(&recorder, 10).expect("nobody faults");
    support::inject(&mut vm, session, ("A", "B", "one"), Value::Uint(77)).expect("there is room");
    vm.run(&recorder, 10).expect("nobody faults");
    vm.cancel(session, "enough").expect("it is running");
    let text = text(recorder);
    assert_eq!(text.matches("\"sends\":\"one\"").count(), 0);

    let then = read(&text);
    let (mut vm, _) = support::open(VMConfig::default(), &image);
    Replay::new(&then).run(&mut vm).expect("it is injected again");
    assert!(vm.trace().iter().any(|event| event.to_string() == "#0 A!B:one(u64) was injected"));
}

/// What was injected or had been deferred came before what its sender sent later, and does so again.
#[test]
fn what_came_before_a_later_message_comes_before_it_again() {
    /// Keeps every third message aside.
    struct Defers(AtomicUsize);
    impl EffectHandler for Defers {
        fn send(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
            BySeed.send(cx, to, label)
        }
        fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
            Ok(())
        }
        fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
            let value = self.send(cx, branches[0].peer, branches[0].label)?;
            Ok(Picked { branch: usize::from(cx.count() > 8), value })
        }
        fn network(&self) -> Option<&dyn Network> {
            Some(self)
        }
    }
    impl Network for Defers {
        fn decide(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> SendDecision {
            let is_third = self.0.fetch_add(1, Ordering::Relaxed).is_multiple_of(3);
            if is_third { SendDecision::Defer } else { SendDecision::Deliver }
        }
    }
    let image = support::image_of("μt. A→{B:more. B→C:on. t; B:stop. B→C:stop}", "u64");
    let (mut early, mut injected) = (0, 0);
    for seed in 0..60_usize {
        let defers = Defers(AtomicUsize::new(seed));
        let config = VMConfig {
            quantum: 1 + seed as u32 % 3,
            // What was injected and never received is in no recording.
            leftover: Leftover::Drop,
            ..VMConfig::default()
        };
        let recorder = Recorder::new(&defers).with_config(config.clone());
        let (mut vm, session) = support::open(config, &image);
        for round in 0..200 {
            let _faults_are_ends = vm.run(&recorder, 1);
            match (seed * 7 + round * 5) % 11 {
                0 => drop(vm.pause("A")),
                1 | 2 => drop(vm.resume("A")),
                3 if seed % 2 == 0 => {
                    let more =
                        support::inject(&mut vm, session, ("A", "B", "more"), Value::Uint(77));
                    injected += usize::from(more.is_ok());
                }
                4..7 => {
                    for message in vm.take_deferred(session).unwrap_or_default() {
                        early += usize::from(vm.inject(session, message).is_ok());
                    }
                }
                _ => {}
            }
        }
        let text = text(recorder);
        let then = read(&text);
        let (mut again, _) = support::open(then.config(), &image);
        let replayed = Replay::new(&then).run(&mut again);
        replayed.unwrap_or_else(|error| panic!("{seed}: {error}\n{text}"));
    }
    assert!(early > 50 && injected > 20, "{early} deferred, {injected} injected");
}

/// Nothing was asked of a session that was cancelled at once, so nothing is compared.
#[test]
fn a_session_that_was_cancelled_at_once_may_go_on() {
    let image = support::image_of("A→B:one. B→A:two", "u64");
    for runs_before in [false, true] {
        let recorder = Recorder::new(&BySeed);
        let mut vm = VM::default();
        if runs_before {
            vm.run(&recorder, 1).expect("there is nothing");
        }
        let first = vm.load_choreography(&image).expect("there is room");
        vm.cancel(first, "at once").expect("it runs");
        vm.run(&recorder, 10).expect("there is nothing");
        let nothing = read(&text(recorder));
        let (mut again, _) = support::open(VMConfig::default(), &image);
        Replay::new(&nothing).run(&mut again).expect("nothing is compared");
    }
    // But a session that is missing is not taken for one of those.
    let recorder = Recorder::new(&BySeed);
    let (mut vm, _) = support::open(VMConfig::default(), &image);
    vm.load_choreography(&image).expect("there is room");
    vm.run(&recorder, 10).expect("nobody faults");
    let two = read(&text(recorder));
    let (mut again, other) = support::open(VMConfig::default(), &image);
    again.cancel(other, "another").expect("it runs");
    for _ in 0..2 {
        again.load_choreography(&image).expect("there is room");
    }
    let error = Replay::new(&two).run(&mut again).expect_err("one is missing");
    assert_eq!(error.to_string(), "session #2: expected a session that is in the recording");
}

/// Plays `B` of a part, and says what it got.
fn part_recorded(image: &CodeImage) -> String {
    let recorder = Recorder::new(&BySeed);
    let mut vm = VM::new(VMConfig { capacity: 1, ..VMConfig::default() });
    let players =
        Players::OBJECTS.with(RoleId(0), Player::Elsewhere).with(RoleId(1), Player::Handler);
    let session = vm.open_session(image, Nobody(players), false).expect("there is room");
    let label = |name: &str| image.names().find_label(name).expect("a label");
    for (sent, name) in (0..).zip(["more", "more", "more", "stop"]) {
        let message = Message {
            from: RoleId(0),
            to: RoleId(1),
            lane: 0,
            label: label(name),
            value: Value::Uint(10 + sent),
        };
        vm.deliver(session, Outgoing { message, number: sent }).expect("there is room");
        vm.run(&recorder, 10).expect("nobody faults");
        vm.take_outgoing(session, &mut Vec::new()).expect("it is one of this VM");
        vm.run(&recorder, 10).expect("nobody faults");
    }
    assert_eq!(vm.open_sessions(), 0, "{vm}");
    text(recorder)
}

/// Markers in place of all objects.
struct Nobody(Players);

impl RoleObjects for Nobody {
    fn message<V: MessageVisitor>(&mut self, _: RoleId, _: RoleId, _: LabelId, v: V) -> V::Done {
        v.fail(HandlerError::msg("a marker was asked"))
    }
    fn choice<V: ChoiceVisitor>(&mut self, _: RoleId, _: SetId, visitor: V) -> V::Done {
        visitor.fail(HandlerError::msg("a marker was asked"))
    }
    fn players(&self) -> Players {
        self.0
    }
}

/// A recording of a part is played as a part: what came from elsewhere comes again.
#[test]
fn a_part_is_replayed_as_a_part() {
    let image = support::image_of("μt. A→{B:more. B→A:back. t; B:stop}", "u64");
    let recorded = part_recorded(&image);
    assert!(!recorded.contains(r#""role":"A""#), "{recorded}");
    let then = read(&recorded);
    let open = |capacity: u16, elsewhere: Player| {
        let mut vm = VM::new(VMConfig { capacity, ..VMConfig::default() });
        let players = Players::OBJECTS.with(RoleId(0), elsewhere).with(RoleId(1), Player::Handler);
        vm.open_session(&image, Nobody(players), false).expect("there is room");
        vm
    };
    for capacity in [1, 64] {
        let mut vm = open(capacity, Player::Elsewhere);
        Replay::new(&then).run(&mut vm).expect("the same");
        assert_eq!(vm.open_sessions(), 0, "{vm}");
        let mut vm = open(capacity, Player::Elsewhere);
        let changed = Replay::new(&then).with(&Cups).run(&mut vm).expect_err("it sends cups");
        assert!(changed.to_string().contains("expected `B` to send `back` to `A`"), "{changed}");
    }
    // Whoever plays all of it is told what to do instead.
    let mut vm = open(64, Player::Handler);
    let error = Replay::new(&then).run(&mut vm).expect_err("nothing is known of A").to_string();
    assert!(
        error.contains("of which nothing is recorded")
            && error.contains("put `Elsewhere` in its place"),
        "{error}"
    );
}

#[test]
fn a_handler_is_compared_as_objects_are() {
    let image = &support::image_of(CHAT, "u64");
    let recorder = Recorder::new(&BySeed);
    let mut vm = VM::new(VMConfig { seed: 3, ..VMConfig::default() });
    vm.load_choreography(image).expect("there is room");
    vm.run(&recorder, 100).expect("it is complete");
    let then = read(&text(recorder));
    for (seed, is_same) in [(3, true), (4, false)] {
        let mut vm = VM::new(VMConfig { seed, ..VMConfig::default() });
        vm.load_choreography(image).expect("there is room");
        let ran = Replay::new(&then).with(&BySeed).run(&mut vm);
        assert_eq!(ran.is_ok(), is_same, "{ran:?}");
    }
}

struct Cups;
impl EffectHandler for Cups {
    fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        Ok(Value::opaque(Store))
    }
    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Ok(())
    }
    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Err("there is no choice".into())
    }
}

#[test]
fn an_opaque_payload_is_an_error_of_the_recording_and_not_of_the_run() {
    let image = support::image_of("A→B:Of. B→A:Back", "Cup");
    let recorder = Recorder::new(&Cups);
    let (mut vm, session) = support::open(VMConfig::default(), &image);
    vm.run(&recorder, 10).expect("the run goes on");
    assert_eq!(vm.status(session).ok(), Some(SessionStatus::Closed));
    let error: RecordingError = recorder.finish().expect_err("it cannot be written down");
    assert_eq!(
        error.to_string(),
        "session #0, from `A` to `B`: `Of(Cup)` cannot be written down: it carries a value of type `recording::Store`, and its \
         protocol is not marked `#[serde]`; images that were read have no codecs either"
    );
}

/// Gives texts, but for something that cannot be written down: at first, or where it decides.
#[derive(Clone, Copy, PartialEq)]
enum Odd {
    Never,
    AtFirst,
    Deciding,
}

impl Odd {
    fn value(self, now: Self) -> Value {
        if self == now { Value::opaque(Store) } else { Value::text("a cup") }
    }
}

impl EffectHandler for Odd {
    fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        Ok(self.value(Self::AtFirst))
    }
    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Ok(())
    }
    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Ok(Picked { branch: 0, value: self.value(Self::Deciding) })
    }
}

#[test]
fn a_replay_says_why_something_cannot_be_compared() {
    let image = support::image_of("A→B:first. A→{B:one; B:other}", "Cup");
    let recorder = Recorder::new(&Odd::Never);
    let (mut vm, _) = support::open(VMConfig::default(), &image);
    vm.run(&recorder, 10).expect("it is complete");
    let then = read(&text(recorder));
    for odd in [Odd::AtFirst, Odd::Deciding] {
        let (mut vm, _) = support::open(VMConfig::default(), &image);
        let error = Replay::new(&then).with(&odd).run(&mut vm).expect_err("it was a text");
        let why = "it carries a value of type `recording::Store`, and its protocol is not marked";
        assert!(error.to_string().contains(why), "{error}");
    }
}

/// What could not be read again is an error when it is written, and not when it is needed.
#[test]
fn a_payload_that_could_not_be_read_again_is_an_error_of_the_recording() {
    struct Digger(usize);
    impl deep::Digger for Digger {
        fn hole(&mut self) -> HandlerResult<Hole> {
            Ok((0..self.0).fold(Hole(Vec::new()), |hole, _| Hole(vec![hole])))
        }
    }
    struct Watcher;
    impl deep::Watcher for Watcher {
        fn on_hole(&mut self, _: Hole) -> HandlerResult<()> {
            Ok(())
        }
    }
    for (depth, is_read) in [(100, true), (126, true), (128, false), (1_000, false)] {
        let recorder = Recorder::new(&NoHandler);
        deep::Roles { digger: Digger(depth), watcher: Watcher }
            .play_with(&recorder)
            .expect("the run goes on");
        let finished = recorder.finish();
        assert_eq!(finished.is_ok(), is_read, "{depth}");
        match finished {
            Ok(text) => {
                let then = Recorded::read(&text[..]).expect("it has been written by us");
                let mut vm = VM::default();
                deep::Roles { digger: ByHandler, watcher: Watcher }
                    .open_detached(&mut vm)
                    .expect("there is room");
                Replay::new(&then).run(&mut vm).expect("the same");
            }
            Err(error) => assert!(error.to_string().contains("recursion limit"), "{error}"),
        }
    }
}

#[test]
fn a_full_disk_is_an_error_and_the_run_goes_on() {
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let recorder = Recorder::to(&NoHandler, Full(700));
    roles(25).play_with(&recorder).expect("it is complete");
    let error = recorder.finish().err().expect("the disk is full");
    assert_eq!(error.to_string(), "no storage space");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn one_session_of_many_can_be_replayed() {
    let recorder = Recorder::new(&NoHandler);
    let mut vm = VM::default();
    for price in [10, 25, 40] {
        roles(price).open_detached(&mut vm).expect("there is room");
    }
    vm.run(&recorder, 100).expect("they are complete");
    let then = read(&text(recorder));
    assert_eq!(then.sessions().collect::<Vec<_>>(), [0, 1, 2]);
    for (session, price) in [(0, 10), (1, 25), (2, 40)] {
        let mut vm = VM::default();
        roles(price).open_detached(&mut vm).expect("there is room");
        Replay::new(&then).of_session(session).run(&mut vm).expect("it is the same");
        let mut vm = VM::default();
        roles(price + 1).open_detached(&mut vm).expect("there is room");
        let error = Replay::new(&then).of_session(session).run(&mut vm);
        assert_eq!(error.expect_err("it is another").session(), session);
    }
    // All of them, of which one is missing, and one that is in no recording.
    let mut vm = VM::default();
    let _ = roles(10).open_detached(&mut vm).expect("there is room");
    let error = Replay::new(&then).run(&mut vm).expect_err("there were more");
    assert!(error.to_string().contains("found that nothing more happens"), "{error}");
    let mut vm = VM::default();
    let _ = roles(10).open_detached(&mut vm).expect("there is room");
    let error = Replay::new(&then).of_session(9).run(&mut vm).expect_err("there is no such");
    assert_eq!(error.to_string(), "session #9: expected a session that is in the recording");
}

#[test]
fn messages_that_are_lost_for_want_of_room_are_lost_again() {
    let image = support::image_of("A→B:a. A→B:a. A→B:a. A→C:go. C→B:go. B→A:b", "u64");
    for (when_full, mode) in [
        (telltale_vm::WhenFull::Drop, telltale_vm::ChannelMode::Fifo),
        (telltale_vm::WhenFull::Block, telltale_vm::ChannelMode::LatestValue),
        (telltale_vm::WhenFull::Error, telltale_vm::ChannelMode::Fifo),
    ] {
        let policy = Policy::RoundRobin;
        let config = VMConfig { capacity: 1, when_full, mode, policy, ..VMConfig::default() };
        let (trace, text) = recorded_run(&config, &image, &Moody::default(), |_| false);
        assert_eq!(replayed(&image, &text), trace, "{text}");
    }
}

#[test]
fn effects_are_repeated() {
    struct Clock(u64);
    impl EffectHandler for Clock {
        fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
            Err("what is sent is in a register".into())
        }
        fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
            Ok(())
        }
        fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
            Err("there is no choice".into())
        }
        fn invoke(
            &self,
            _: &Context<'_>,
            _: &str,
            argument: Option<&Value>,
        ) -> HandlerResult<Value> {
            let argument = argument.map_or(0, |argument| match argument {
                Value::Uint(number) => *number,
                _ => 0,
            });
            Ok(Value::Uint(self.0 + argument))
        }
    }
    let global = support::with_payloads(&support::protocol("A→B:time"), |_| "u64");
    let locals = telltale_theory::project_all(&global).expect("it projects").into_iter().collect();
    let mut asm = Assembler::new(&locals, &global).expect("they fit");
    let (b, time, clock) = (
        asm.role("B").expect("a role"),
        asm.label("time").expect("a label"),
        asm.effect("clock").expect("there is room"),
    );
    let (own, next) = (Slot::reg(Reg(0)), Hop::NEXT);
    let program = [
        Instr::Invoke { effect: clock, argument: Slot::HANDLER, result: own, next },
        Instr::Invoke { effect: clock, argument: own, result: own, next },
        Instr::Send { via: Via::OWN, to: b, value: own, label: time, next },
        Instr::Halt,
    ];
    asm.program("A", program).expect("it fits");
    let a = asm.role("A").expect("a role");
    let receives = Instr::Recv { via: Via::OWN, from: a, value: Slot::HANDLER, label: time, next };
    asm.program("B", [receives, Instr::Halt]).expect("it fits");
    let image = asm.finish().expect("it is whole");

    let recorder = Recorder::new(&Clock(40));
    let (mut vm, _) = support::open(VMConfig::default(), &image);
    vm.run(&recorder, 10).expect("nobody faults");
    let text = text(recorder);
    assert_eq!(replayed(&image, &text), vm.trace(), "{text}");
    assert!(
        text.contains(r#""invokes":"clock","argument":{"uint":40},"payload":{"uint":80}"#),
        "{text}"
    );

    let then = read(&text);
    let (mut vm, _) = support::open(VMConfig::default(), &image);
    let error = Replay::new(&then).with(&Clock(41)).run(&mut vm).expect_err("it is later");
    assert_eq!(
        error.to_string(),
        "session #0, line 4 of the recording: expected `A` to invoke `clock` and get {\"uint\":40}, \
         found it to invoke `clock` and get {\"uint\":41}"
    );
}

#[test]
fn events_are_written_down_with_names() {
    let mut vm = VM::new(VMConfig { policy: Policy::RoundRobin, ..VMConfig::default() });
    vm.load_choreography(&twice::IMAGE).expect("there is room");
    vm.run(&BySeed, 100).expect("nobody faults");
    vm.load_choreography(&twice::IMAGE).expect("there is room");
    let moody = Moody { fails: Some(1), defers: Some(0), ..Moody::default() };
    vm.run(&moody, 100).expect_err("it fails at the second call");
    let _ = vm.load_choreography(&twice::IMAGE).map(|session| vm.cancel(session, "enough"));
    let trace = vm.trace();
    let lines = trace.iter().map(|event| serde_json::to_string(event).expect("it is data"));
    assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
}

#[cfg(feature = "multi-thread")]
#[test]
fn sessions_on_several_threads_are_recorded_side_by_side() {
    use telltale_vm::ThreadedVM;

    let image = &support::image_of(CHAT, "u64");
    let recorder = Recorder::new(&BySeed);
    let threads = std::num::NonZeroUsize::new(2).expect("it is not zero");
    let mut threaded = ThreadedVM::new(VMConfig { seed: 3, ..VMConfig::default() }, threads);
    for price in 0..40 {
        threaded.load_choreography(image).expect("there is room");
        roles(price).open_detached(&mut threaded).expect("there is room");
    }
    threaded.run(&recorder, 1_000).expect("nobody faults");
    let then = read(&text(recorder));
    assert_eq!(then.sessions().len(), 80);

    let mut vm = VM::default();
    for price in 0..40 {
        vm.load_choreography(image).expect("there is room");
        roles(price).open_detached(&mut vm).expect("there is room");
    }
    // The handler's roles as they were recorded, the objects as they are.
    Replay::new(&then).run(&mut vm).expect("it is what was recorded");
    assert_eq!(events(&vm.trace()), events(&threaded.trace()));
}

#[test]
fn payloads_of_other_codecs_are_bytes() {
    let recorder = Recorder::new(&BySeed);
    let mut vm = VM::new(VMConfig { seed: 2, ..VMConfig::default() });
    vm.load_choreography(&binary::IMAGE).expect("there is room");
    vm.run(&recorder, 100).expect("it is complete");
    let text = text(recorder);
    assert!(text.contains("\"bytes\":\"") && !text.contains("\"payload\""), "{text}");
    assert_eq!(replayed(&binary::IMAGE, &text), vm.trace());

    // The digits of the number, the other way round.
    let bytes = text.split("\"bytes\":\"").nth(1).expect("there are bytes");
    let (first, second) = (&bytes[..2], if bytes.starts_with("31") { "32" } else { "31" });
    let altered =
        text.replacen(&format!("\"bytes\":\"{first}"), &format!("\"bytes\":\"{second}"), 1);
    let (then, mut vm) = (read(&altered), VM::default());
    vm.load_choreography(&binary::IMAGE).expect("there is room");
    let error = shown(&Replay::new(&then).run(&mut vm).expect_err("the receiver was told another"));
    assert!(error.contains("expected `Bob` to receive `Number` from `Alice` with "), "{error}");

    let digits = bytes.split('"').next().expect("they end");
    let broken = text.replace(digits, "00");
    let (then, mut vm) = (read(&broken), VM::default());
    vm.load_choreography(&binary::IMAGE).expect("there is room");
    let error = shown(&Replay::new(&then).run(&mut vm).expect_err("no codec reads this"));
    assert!(error.contains("`Number(u64)` cannot be read"), "{error}");
}

#[test]
fn payloads_are_compared_as_data() {
    let text = recording();
    let same = text
        .replace(r#"{"what":"tea","amount":1}"#, r#"{ "amount": 1, "what": "te\u0061" }"#)
        .replace(r#"["tea","tea"]"#, r#"[ "tea", "t\u0065a" ]"#);
    assert_ne!(same, text);
    let (then, mut vm) = (read(&same), VM::default());
    roles(25).open_detached(&mut vm).expect("there is room");
    Replay::new(&then).run(&mut vm).expect("it is the same data");
    for (from, to) in [
        (r#"{"what":"tea","amount":1}"#, r#"{"what":"tea"}"#),
        (r#"{"what":"tea","amount":1}"#, r#"{"what":"tea","amount":[1]}"#),
        (r#"["tea","tea"]"#, r#"["tea","tea","tea"]"#),
        (r#"["tea","tea"]"#, r#"{"tea":"tea"}"#),
        ("\"payload\":25", "\"payload\":25.0"),
        ("\"payload\":25", "\"bytes\":\"25\""),
    ] {
        let other = text.replace(from, to);
        assert!(diverging(&other, roles(25)).contains("expected"), "{from} and {to}");
    }
    let long = text.replace("Rose Street", &"Rose Street, ".repeat(100));
    let error = diverging(&long, roles(25));
    assert!(error.contains('…') && error.len() < 600, "{error}");
}

#[test]
fn what_the_machine_refuses_is_recorded_as_a_failure() {
    struct Wrong(usize);
    impl EffectHandler for Wrong {
        fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
            Ok(Value::from(true))
        }
        fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
            Ok(())
        }
        fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
            Ok(Picked { branch: self.0, value: Value::from(true) })
        }
    }
    let image = &support::image_of(CHAT, "u64");
    for (branch, why) in [(0, "expected `u64`, found `true`"), (7, "branch 7 of 2 was chosen")] {
        let wrong = Wrong(branch);
        let recorder = Recorder::new(&wrong);
        let (mut vm, _) = support::open(VMConfig::default(), image);
        vm.run(&recorder, 10).expect_err("it is no answer");
        let text = text(recorder);
        assert!(text.contains("\"chooses_among\":[\"more\",\"stop\"],\"fails\":"), "{text}");
        assert!(text.contains(why) && text.contains("\"ends\":\"faulted\""), "{text}");
        assert_eq!(replayed(image, &text).len(), vm.trace().len());
    }
}

#[test]
fn every_event_is_a_line_with_names() {
    let mut vm = VM::default();
    vm.load_choreography(&twice::IMAGE).expect("there is room");
    let opened = vm.trace().remove(0);
    let (from, to, role) = (RoleId(0), RoleId(1), RoleId(0));
    let label = LabelId(0);
    let lines = [
        (
            Observed::Dropped { from, to, label },
            r#""event":"drop","sender":"Alice","receiver":"Bob""#,
        ),
        (Observed::Deferred { from, to, label }, r#""event":"defer","sender":"Alice""#),
        (Observed::Injected { from, to, label }, r#""event":"inject","sender":"Alice""#),
        (
            Observed::Chosen { role, to, label },
            r#""event":"choose","role":"Alice","receiver":"Bob""#,
        ),
        (Observed::Invoked { role, effect: 3 }, r#""event":"invoke","role":"Alice","effect":3"#),
        (Observed::Halted { role }, r#""event":"halt","role":"Alice""#),
        (Observed::Cancelled, r#""event":"cancel""#),
        (Observed::Closed, r#""event":"close""#),
    ];
    for (what, expected) in lines {
        let mut event = opened.clone();
        event.what = what;
        let line = serde_json::to_string(&event).expect("names and numbers");
        assert!(line.contains(expected), "{line}");
    }
}

/// Every mood that was not there when it was recorded is found, and said in words.
#[test]
fn what_a_handler_does_otherwise_is_said_in_words() {
    let image = &support::image_of(CHAT, "u64");
    let config = VMConfig { seed: 9, ..VMConfig::default() };
    let mut told = String::new();
    let moods = |call: usize| {
        [
            Moody::default(),
            Moody { fails: Some(call), ..Moody::default() },
            Moody { panics: Some(call), ..Moody::default() },
            Moody { loses: Some(call), ..Moody::default() },
            Moody { defers: Some(call), ..Moody::default() },
        ]
    };
    for (call, then, now) in (0..9)
        .map(|nth| (nth / 3, nth % 3, (nth + 1) % 3))
        .chain((0..20).map(|nth| (nth / 5, nth % 5, (nth + 1 + nth / 5) % 5)))
    {
        let (_, text) = recorded_run(&config, image, &moods(call)[then], |_| false);
        let recorded = read(&text);
        let mut vm = VM::new(recorded.config());
        for _ in recorded.sessions() {
            vm.load_choreography(image).expect("there is room");
        }
        let ran = Replay::new(&recorded).with(&moods(call)[now]).run(&mut vm);
        told.extend(ran.err().map(|divergence| format!("{divergence}\n")));
    }
    for words in ["choose among `more`, `stop`", "and fail: failed at", "and panic: "] {
        assert!(told.contains(words), "{words}:\n{told}");
    }
}

/// Whatever is missing, doubled or out of place in a recording of trouble, it is said in words.
#[test]
fn trouble_that_is_out_of_place_is_said_in_words() {
    let image = &support::image_of(CHAT, "u64");
    let config = VMConfig { seed: 9, ..VMConfig::default() };
    let mut told = String::new();
    let moods = [
        Moody { late: vec![0, 1, 3], ..Moody::default() },
        Moody { loses: Some(1), ..Moody::default() },
        Moody { defers: Some(1), ..Moody::default() },
    ];
    for moody in moods {
        let (_, text) = recorded_run(&config, image, &moody, wake_all);
        // Without the last line, which counts the others: it may be cut off.
        let mut lines: Vec<&str> = text.lines().collect();
        lines.pop();
        for at in 1..lines.len() {
            for (cut, more) in
                [(at + 1, None), (at, Some(at)), (at + 1, Some(lines.len() - 1)), (at, Some(1))]
            {
                let mut altered = lines[..at].to_vec();
                altered.extend(more.map(|more| lines[more]));
                altered.extend(&lines[cut.min(lines.len())..]);
                let Ok(then) =
                    Recorded::read_cut_off(format!("{}\n", altered.join("\n")).as_bytes())
                else {
                    continue;
                };
                for live in [None, Some(Moody::default())] {
                    let mut vm = VM::new(then.config());
                    for _ in then.sessions() {
                        vm.load_choreography(image).expect("there is room");
                    }
                    let replay = Replay::new(&then);
                    let ran = match &live {
                        Some(live) => replay.with(live).run(&mut vm),
                        None => replay.run(&mut vm),
                    };
                    told.extend(ran.err().map(|divergence| format!("{divergence}\n")));
                }
            }
        }
    }
    for words in ["found that nothing more happens", "found it to choose among `more`, `stop`"] {
        assert!(told.contains(words), "{words}:\n{told}");
    }
}

/// Panics with something that is no text.
struct Mute;

impl EffectHandler for Mute {
    fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        std::panic::resume_unwind(Box::new(7))
    }
    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Ok(())
    }
    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        std::panic::resume_unwind(Box::new(7))
    }
}

#[test]
fn a_panic_without_a_text_is_the_same_fault_again() {
    for text in ["A→B:one", "A→{B:one; B:two}"] {
        let image = &support::image_of(text, "u64");
        let recorder = Recorder::new(&Mute);
        let mut vm = support::open(VMConfig::default(), image).0;
        vm.run(&recorder, 10).expect_err("it panics");
        let recording = self::text(recorder);
        assert_eq!(events(&replayed(image, &recording)), events(&vm.trace()));
    }
}
