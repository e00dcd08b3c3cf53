//! Every protocol of the corpus, and many random ones, through `choreography!`: the image in the
//! binary is the one of run time, and role objects do what a handler does that answers alike.

mod disturbed;

use telltale_conformance::case::Case;
use telltale_conformance::image::images;
use telltale_conformance::play::{Setting, settings, with_objects, with_script};
use telltale_conformance::script::Script;
use telltale_conformance::word::{beginning, word};
use telltale_theory::oracle::is_run;
use telltale_vm::normalize_trace;

/// What the build script has written.
#[allow(clippy::all, clippy::pedantic, reason = "nobody wrote this")]
mod protocols {
    include!(concat!(env!("OUT_DIR"), "/protocols.rs"));
}

#[test]
fn there_are_enough() {
    let (random, corpus): (Vec<_>, Vec<_>) =
        protocols::cases().into_iter().partition(|case| case.from.starts_with("seed"));
    assert!(corpus.len() >= 45, "{} from the corpus", corpus.len());
    println!("{} from the corpus, {} random", corpus.len(), random.len());
}

#[test]
fn every_image_is_the_one_of_run_time() {
    for case in protocols::cases() {
        let (_, image) = images(case.text).swap_remove(case.protocol);
        let image = image.unwrap_or_else(|| panic!("{} is refused", case.from));
        assert_eq!(*case.image, image, "{}", case.from);
        assert_eq!(case.image.to_string(), image.to_string(), "{}", case.from);
        assert_eq!(case.image.hash(), image.hash(), "{}", case.from);
    }
}

#[test]
fn role_objects_do_what_the_handler_does() {
    for case in protocols::cases() {
        for seed in 1..=3 {
            for setting in settings().iter().step_by(5) {
                agree(case, setting, seed);
            }
        }
    }
}

fn agree(case: &Case, setting: &Setting, seed: u64) {
    let context = format!("{}, seed {seed}, {setting:?}\n{}", case.from, case.text);
    let script = Script::new(seed).giving_once(case.given_once);
    let handled = with_script(case.image, setting, &script);
    let played = with_objects(case.open, setting, seed);
    assert_eq!(handled.trace, played.trace, "{context}");
    assert_eq!(normalize_trace(&handled.trace), normalize_trace(&played.trace), "{context}");
    assert_eq!(handled.logs, played.logs, "{context}");
    assert_eq!(handled.is_complete, played.is_complete, "{context}");
    let (global, word) = (&case.image.global_type, word(&played.trace));
    assert!(is_run(global, beginning(global, &word)), "{context}");
}
