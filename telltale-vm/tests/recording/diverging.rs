//! Those who do something else are found where they begin to.

use insta::assert_snapshot;
use telltale_vm::recording::{Divergence, Recorder, Replay};
use telltale_vm::{
    Branch, ByHandler, Context, EffectHandler, HandlerResult, LabelId, Picked, RoleId, VM,
    VMConfig, Value,
};

use super::handlers::{CHAT, Moody, recorded_run};
use super::purchase::{
    Customer, Shop, Store, diverging, later, purchase, read, recording, refused, roles, shown, text,
};
use crate::support::{self, Seeded};

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
    assert_snapshot!(shown(&refused(&later::purchase::IMAGE, &recording())));
}

#[test]
fn a_handler_is_compared_as_objects_are() {
    let image = &support::image_of(CHAT, "u64");
    let recorder = Recorder::new(&Seeded);
    let mut vm = VM::new(VMConfig { seed: 3, ..VMConfig::default() });
    vm.load_choreography(image).expect("there is room");
    vm.run(&recorder, 100).expect("it is complete");
    let then = read(&text(recorder));
    for (seed, is_same) in [(3, true), (4, false)] {
        let mut vm = VM::new(VMConfig { seed, ..VMConfig::default() });
        vm.load_choreography(image).expect("there is room");
        let ran = Replay::new(&then).with(&Seeded).run(&mut vm);
        assert_eq!(ran.is_ok(), is_same, "{ran:?}");
    }
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
        let why = "it carries a value of type `recording::recording::purchase::Store`, and its protocol \
                   is not marked";
        assert!(error.to_string().contains(why), "{error}");
    }
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
