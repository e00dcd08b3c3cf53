//! Whoever is written down and resumed after every call does what whoever goes on does: the same events at the same ticks.

use telltale_conformance::image::{has_lanes, protocols};
use telltale_conformance::play::{Setting, settings};
use telltale_conformance::ways::{Between, Ran, Way, lines, run, run_resumed};
use telltale_vm::{ChannelMode, VMConfig, WhenFull};

/// How many random protocols there are beside the corpus.
const RANDOM: usize = 20;

const BETWEEN: [Between; 5] = [
    Between::Nothing,
    Between::LateAnswers,
    Between::SlowMessages,
    Between::Pauses,
    Between::Strangers,
];

fn all_settings() -> Vec<Setting> {
    let mut all = settings();
    for setting in settings().into_iter().step_by(5) {
        for (when_full, mode) in [
            (WhenFull::Drop, ChannelMode::Fifo),
            (WhenFull::Drop, ChannelMode::LatestValue),
            (WhenFull::Block, ChannelMode::LatestValue),
        ] {
            let config = VMConfig { when_full, mode, ..setting.config.clone() };
            all.push(Setting { config, ..setting.clone() });
        }
    }
    all
}

/// What happened, or what went wrong.
fn told(ran: Result<Ran, String>) -> Vec<String> {
    match ran {
        Ok(ran) => [lines(&ran.trace), ran.logs.concat()].concat(),
        Err(error) => vec![error],
    }
}

#[test]
fn the_resumed_trace_is_the_uninterrupted_one() {
    let settings = all_settings();
    let (mut failures, mut relays, mut nth) = (Vec::new(), 0, 0);
    for (at, (name, image)) in protocols(4_000_000, RANDOM).enumerate() {
        let seed = at as u64;
        let ways = if has_lanes(&image) { &Way::ALL[..1] } else { &Way::ALL[..] };
        for (&way, between) in ways.iter().flat_map(|way| BETWEEN.map(|between| (way, between))) {
            let setting = &settings[nth % settings.len()];
            nth += 1;
            let expected = told(run(&image, way, setting, between, seed));
            let found = run_resumed(&image, way, setting, between, seed, &mut relays);
            let found = told(found);
            if found != expected {
                failures.push(format!(
                    "{name}, seed {seed}, {way:?}, {between:?}, {setting:?}\n{found:#?}\nand not\n{expected:#?}"
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{} failures; the first: {}", failures.len(), failures[0]);
    assert!(relays > 10_000, "only {relays} machines were resumed");
}
