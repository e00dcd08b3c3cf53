//! Programs that anybody may have written harm nobody but themselves.
//!
//! Every failure is printed with the seed of its scene, made as small as can be. `TELLTALE_SCENE=<seed>`
//! plays that one alone; `TELLTALE_SCENES=<count>` says how many are played.

use std::collections::BTreeMap;
use std::env;
use std::sync::Mutex;
use std::thread;

use telltale_conformance::by_hand::play::{Wrong, note_panics, play};
use telltale_conformance::by_hand::scene::scene;
use telltale_conformance::by_hand::shrink::{kind_of, shrink};

/// Each has three images of about two programs: that makes a hundred thousand programs.
const SCENES: u64 = 17_000;

#[test]
fn programs_harm_nobody_but_themselves() {
    let number = |name: &str| env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = match number("TELLTALE_SCENE") {
        Some(seed) => seed..seed + 1,
        None => 0..number("TELLTALE_SCENES").unwrap_or(SCENES),
    };
    note_panics();
    let failures = failures(seeds);
    let texts: Vec<String> =
        failures.into_values().map(|(seed, wrong)| text(seed, wrong)).collect();
    drop(std::panic::take_hook());
    assert!(texts.is_empty(), "{} kinds of failures\n\n{}", texts.len(), texts.join("\n\n"));
}

/// The first failure of every kind.
fn failures(seeds: std::ops::Range<u64>) -> BTreeMap<String, (u64, Wrong)> {
    let failures = Mutex::new(BTreeMap::new());
    let threads = thread::available_parallelism().map_or(1, usize::from) as u64;
    thread::scope(|scope| {
        for thread in 0..threads {
            let (failures, seeds) = (&failures, seeds.clone());
            scope.spawn(move || {
                for seed in seeds.filter(|seed| seed % threads == thread) {
                    let Err(wrong) = play(&scene(seed)) else { continue };
                    let mut failures = failures.lock().expect("nobody panics");
                    failures.entry(kind_of(&wrong).to_owned()).or_insert((seed, wrong));
                }
            });
        }
    });
    failures.into_inner().expect("nobody panics")
}

fn text(seed: u64, wrong: Wrong) -> String {
    let (scene, wrong) = shrink(&scene(seed), wrong);
    format!("TELLTALE_SCENE={seed}: {wrong}\n{scene}")
}
