//! A protocol has one meaning: compiled, written by hand and played through endpoints, whatever comes
//! between.

use telltale_conformance::endpoints::guest;
use telltale_conformance::image::{has_lanes, images, protocols};
use telltale_conformance::play::{Setting, settings};
use telltale_conformance::script::{Script, agree_so_far, are_alike};
use telltale_conformance::ways::{Between, Ran, Way, lines, normal_lines, run};
use telltale_vm::loader::CodeImage;
use telltale_vm::{ChannelMode, ObsEvent, Observed, Policy, VM, VMConfig, WhenFull};

/// How many random protocols there are beside the corpus.
const RANDOM: usize = 150;

/// The seed of the first of them.
const FIRST_SEED: u64 = 2_000_000;

/// Whether a protocol can be run in a way. Where a role is not told of the end, its player waits for ever; and a role that
/// does several things at once has neither a program by hand nor one endpoint.
fn can(image: &CodeImage, way: Way) -> bool {
    way == Way::Compiled || !has_lanes(image) && (image.rests().is_empty() || !way.has_endpoints())
}

/// On the script, and off it with little room.
fn some_settings() -> Vec<Setting> {
    let mut settings: Vec<Setting> = settings().into_iter().step_by(7).collect();
    settings.insert(0, Setting { config: VMConfig::default(), turns: None });
    settings
}

#[test]
fn every_way_gives_the_same_normal_form() {
    agree_everywhere(Between::Nothing);
}

#[test]
fn answers_may_come_late() {
    agree_everywhere(Between::LateAnswers);
}

#[test]
fn messages_may_be_slow() {
    agree_everywhere(Between::SlowMessages);
}

#[test]
fn roles_may_be_paused() {
    agree_everywhere(Between::Pauses);
}

fn agree_everywhere(between: Between) {
    let settings = some_settings();
    let mut failures = Failures::default();
    for (at, (name, image)) in protocols(FIRST_SEED, RANDOM).enumerate() {
        let seed = at as u64;
        let reference = run(&image, Way::Compiled, &settings[0], Between::Nothing, seed);
        let reference = reference.unwrap_or_else(|error| panic!("{name}: {error}"));
        for way in Way::ALL.into_iter().filter(|&way| can(&image, way)) {
            let setting = &settings[at % settings.len()];
            let agreed = run(&image, way, setting, between, seed)
                .and_then(|ran| agree(&image, &reference, &ran, between));
            let case = || format!("{name}, seed {seed}, {setting:?}");
            failures.note((way, between), agreed, case);
        }
    }
    failures.report();
}

/// Complete runs have one normal form, and roles do the same as far as they come. Through a network,
/// messages are other events.
fn agree(image: &CodeImage, reference: &Ran, ran: &Ran, between: Between) -> Result<(), String> {
    for (role, (one, other)) in reference.logs.iter().zip(&ran.logs).enumerate() {
        if !agree_so_far(image, role, one, other) {
            return Err(format!("role {role} does {other:?} and not {one:?}"));
        }
    }
    if !reference.is_complete || !ran.is_complete {
        return Ok(());
    }
    let (one, other) = (normal_lines(&reference.trace), normal_lines(&ran.trace));
    if !are_alike(image, &reference.logs, &ran.logs) {
        Err("roles end too early".to_owned())
    } else if between == Between::SlowMessages {
        Ok(())
    } else {
        same(&one, &other)
    }
}

/// What comes between where copies are compared with what they are copied from.
const BETWEEN: [Between; 4] =
    [Between::Nothing, Between::LateAnswers, Between::SlowMessages, Between::Strangers];

#[test]
fn copied_programs_have_the_trace_of_compiled_ones_even_where_messages_are_lost() {
    let mut failures = Failures::default();
    let copied = |(_, image): &(_, CodeImage)| can(image, Way::Copied);
    for (at, (name, image)) in protocols(FIRST_SEED, RANDOM).filter(copied).enumerate() {
        let image = &image;
        for setting in lossy_settings() {
            for between in BETWEEN {
                let seed = at as u64;
                let ran = |way| match run(image, way, &setting, between, seed) {
                    Ok(ran) => [lines(&ran.trace), ran.logs.concat()].concat(),
                    Err(error) => vec![error],
                };
                let (one, other) = (ran(Way::Compiled), ran(Way::Copied));
                let same = same(&one, &other);
                let case = || format!("{name}, seed {seed}, {setting:?}");
                failures.note((Way::Copied, between), same, case);
            }
        }
    }
    failures.report();
}

/// Compares lines up to the first that differs.
fn same(expected: &[String], found: &[String]) -> Result<(), String> {
    if expected == found {
        return Ok(());
    }
    let at = expected.iter().zip(found).position(|(one, other)| one != other);
    let at = at.unwrap_or(expected.len().min(found.len()));
    let before = &found[at.saturating_sub(6)..at];
    Err(format!("after {before:#?}\n{:?} and not {:?}", found.get(at), expected.get(at)))
}

/// One turn at a time, so that no script is followed, with channels that lose messages or fault.
fn lossy_settings() -> Vec<Setting> {
    let channels = [
        (WhenFull::Block, ChannelMode::LatestValue),
        (WhenFull::Drop, ChannelMode::Fifo),
        (WhenFull::Drop, ChannelMode::LatestValue),
        (WhenFull::Error, ChannelMode::Fifo),
        (WhenFull::Resize, ChannelMode::Fifo),
    ];
    let policies = Policy::ALL;
    let settings = channels.into_iter().zip(policies.into_iter().cycle());
    let setting = |((when_full, mode), policy)| {
        let config = VMConfig { when_full, mode, policy, capacity: 1, ..VMConfig::default() };
        Setting { config: VMConfig { max_buffered: 3, quantum: 5, ..config }, turns: Some(1) }
    };
    settings.map(setting).collect()
}

/// Four messages and their end; nobody answers.
const FLOOD: &str = "protocol Flood(A, B) {
    A -> B: Drip(u64); A -> B: Drip(u64); A -> B: Drip(u64); A -> B: Drip(u64); A -> B: Over;
}";

#[test]
fn channels_lose_as_many_messages_whoever_plays() {
    let image = images(FLOOD).remove(0).1.expect("the protocol projects");
    let cases = [
        (WhenFull::Drop, ChannelMode::Fifo, 2, vec!["A!B:Drip(u64)", "A!B:Drip(u64)", "A!B:Over"]),
        (WhenFull::Block, ChannelMode::LatestValue, 2, vec!["A!B:Drip(u64)"; 3]),
        (WhenFull::Resize, ChannelMode::Fifo, 1, Vec::new()),
    ];
    let mut failures = Failures::default();
    for (when_full, mode, capacity, expected) in cases {
        let config = VMConfig { when_full, mode, capacity, ..VMConfig::default() };
        for way in [Way::Compiled, Way::Copied, Way::WithGuests] {
            let expected: Vec<String> =
                expected.iter().map(|sent| format!("{sent} was lost")).collect();
            let lost = lost_to_a_paused_receiver(&image, way, &config);
            let case = || format!("{config:?}");
            failures.note((way, Between::Nothing), same(&expected, &lost), case);
        }
    }
    failures.report();
}

/// What is lost while the receiver is paused.
fn lost_to_a_paused_receiver(image: &CodeImage, way: Way, config: &VMConfig) -> Vec<String> {
    let mut vm = VM::new(config.clone());
    vm.provide(image);
    vm.load_choreography(&way.image(image)).expect("there is room");
    let receiver = if way.has_endpoints() { guest(1) } else { "B".to_owned() };
    vm.run(&Script::new(1), usize::from(way.has_endpoints())).expect("the seats are handed out");
    vm.pause(&receiver);
    vm.run(&Script::new(1), 100).expect("nothing goes wrong");
    let lost =
        vm.trace().into_iter().filter(|event| matches!(event.what, Observed::Dropped { .. }));
    let text = |event: ObsEvent| event.to_string().split_once(' ').map(|(_, what)| what.to_owned());
    lost.filter_map(text).collect()
}

/// What went wrong, and how often.
#[derive(Default)]
struct Failures {
    texts: Vec<String>,
    count: usize,
    of: usize,
}

impl Failures {
    /// Of each kind, the first two are shown.
    fn note(&mut self, kind: (Way, Between), done: Result<(), String>, case: impl Fn() -> String) {
        self.of += 1;
        let Err(wrong) = done else { return };
        self.count += 1;
        let kind = format!("{kind:?}: ");
        if self.texts.iter().filter(|text| text.starts_with(&kind)).count() < 2 {
            self.texts.push(format!("{kind}{}: {wrong}", case()));
        }
    }

    fn report(self) {
        let Self { texts, count, of } = self;
        assert!(texts.is_empty(), "{count} of {of}; among them\n{}", texts.join("\n\n"));
    }
}
