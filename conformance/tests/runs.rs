//! Protocols run as their global types say, whoever is next and however narrow the channels are.

use std::num::NonZeroUsize;

use telltale_conformance::corpus::{entries, entries_of_lanes};
use telltale_conformance::grammar::{choreography, random_protocols};
use telltale_conformance::image::images;
use telltale_conformance::play::{
    Played, Setting, agree, agree_as_far_as_they_go, settings, with_handler,
};
use telltale_conformance::script::Script;
use telltale_conformance::word::{beginning, can_end, fullest, is_over, word};
use telltale_theory::oracle::is_run;
use telltale_types::StateId;
use telltale_vm::loader::CodeImage;
use telltale_vm::{
    Monitor, ObsEvent, Observed, ThreadedVM, VM, VMBackend, VMConfig, WhenFull, filter_by_session,
};

/// The image of every accepted protocol of the corpus, with its name.
fn corpus() -> Vec<(String, CodeImage)> {
    let mut all = Vec::new();
    for entry in [entries(), entries_of_lanes()].concat() {
        for (protocol, image) in images(&entry.text) {
            all.extend(image.map(|image| (format!("{protocol} of {}", entry.name), image)));
        }
    }
    all
}

#[test]
fn every_trace_of_the_corpus_is_a_run() {
    let corpus = corpus();
    assert!(corpus.len() >= 58, "there are only {} protocols that run", corpus.len());
    let settings = settings();
    for (name, image) in &corpus {
        let seeds = 1..=4;
        let complete = seeds.filter(|&seed| runs(name, image, &settings, seed).is_complete);
        assert_eq!(complete.count() > 0, can_end(&image.global_type, StateId::START), "{name}");
    }
}

#[test]
fn every_trace_of_a_random_protocol_is_a_run() {
    let settings: Vec<Setting> = settings().into_iter().step_by(7).collect();
    let wanted = 4 * random_protocols();
    let texts = (1_000_000..).map(|seed| (seed, choreography(seed)));
    let images = texts.flat_map(|(seed, text)| {
        let accepted = images(&text).into_iter().filter_map(|(_, image)| image);
        accepted.map(|image| (seed, text.clone(), image)).collect::<Vec<_>>()
    });
    let mut complete = 0;
    for (seed, text, image) in images.take(wanted) {
        complete += usize::from(runs(&text, &image, &settings, seed).is_complete);
    }
    assert!(complete >= wanted / 2, "only {complete} of {wanted} were complete");
}

/// Plays a protocol in every setting; gives how it went in the first.
fn runs(name: &str, image: &CodeImage, settings: &[Setting], seed: u64) -> Played {
    let monitor = Monitor::of_roles(&image.global_type, image.local_types.iter());
    let monitor = monitor.expect("these are the parts of the protocol");
    let mut all = settings.iter().map(|setting| {
        let played = with_handler(image, setting, seed);
        let log = played.trace.iter().filter_map(ObsEvent::log_event);
        let accepted = monitor.clone().check(log);
        let accepted =
            accepted.unwrap_or_else(|error| panic!("{name}, seed {seed}, {setting:?}: {error}"));
        assert!(accepted.is_complete() || !played.is_complete, "{name}, seed {seed}: {accepted}");
        let word = word(&played.trace);
        let beginning = beginning(&image.global_type, &word);
        assert!(is_run(&image.global_type, beginning), "{name}, seed {seed}, {setting:?}");
        let VMConfig { capacity, when_full, .. } = setting.config;
        let is_held = fullest(&word) <= capacity.into() || when_full != WhenFull::Block;
        assert!(is_held, "{name}, seed {seed}, {setting:?}");
        played
    });
    let first = all.next().expect("there are settings");
    all.for_each(|played| agree(image, &first, &played, name));
    let word = word(&first.trace);
    let is_whole = first.is_complete && beginning(&image.global_type, &word) == word;
    let is_over = !is_whole || is_over(&image.global_type, &word);
    assert!(is_over, "{name}, seed {seed}: the protocol goes on");
    first
}

#[test]
fn sessions_do_not_see_each_other() {
    let corpus = corpus();
    for setting in settings().into_iter().step_by(5) {
        let mut vm = VM::new(setting.config.clone());
        let turns = setting.turns.map_or(usize::MAX, |turns| turns * corpus.len());
        side_by_side(&mut vm, &corpus, &setting, |vm, script| {
            for _ in 0..400 {
                vm.step_round(script, turns).expect("nothing goes wrong");
            }
        });
    }
}

#[test]
fn sessions_on_threads_do_not_see_each_other() {
    let corpus = corpus();
    for setting in settings().into_iter().step_by(3) {
        let workers = NonZeroUsize::new(3).expect("three");
        let mut vm = ThreadedVM::new(setting.config.clone(), workers);
        side_by_side(&mut vm, &corpus, &setting, |vm, script| {
            vm.run(script, 400).expect("nothing goes wrong");
        });
    }
}

/// Plays all protocols at the same time; each does what it does alone.
fn side_by_side<B: VMBackend>(
    vm: &mut B,
    corpus: &[(String, CodeImage)],
    setting: &Setting,
    play: impl FnOnce(&mut B, &Script),
) {
    let seed = 7;
    let script = Script::new(seed);
    let open = |(_, image): &(String, CodeImage)| vm.load_choreography(image);
    let sessions: Vec<_> =
        corpus.iter().map(open).collect::<Result<_, _>>().expect("there is room");
    play(vm, &script);
    let trace = vm.trace();
    for ((name, image), session) in corpus.iter().zip(sessions) {
        let trace = filter_by_session(&trace, session);
        let word = word(&trace);
        let beginning = beginning(&image.global_type, &word);
        assert!(is_run(&image.global_type, beginning), "{name}, {setting:?}");
        let logs = script.logs(session, image.names().role_count());
        let alone = with_handler(image, setting, seed);
        agree_as_far_as_they_go(image, &alone.logs, &logs, name);
        let has_ended = trace.iter().any(|event| event.what == Observed::Closed);
        assert!(has_ended || !alone.is_complete, "{name}, {setting:?}");
    }
}
