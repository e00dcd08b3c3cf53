//! Images that go out and come back, and those that are stored.

mod altered;
mod rewritten;
mod stored;

use telltale_conformance::corpus::{entries, entries_of_lanes};
use telltale_conformance::image::images;
use telltale_conformance::play::{Setting, agree, settings, with_handler};
use telltale_conformance::word::word;
use telltale_theory::oracle::is_run;
use telltale_vm::loader::{CodeImage, UntrustedImage};

/// The images of all accepted protocols, each with its name.
fn corpus() -> Vec<(String, CodeImage)> {
    let mut all = Vec::new();
    for entry in entries().into_iter().chain(entries_of_lanes()) {
        for (protocol, image) in images(&entry.text) {
            all.extend(image.map(|image| (format!("{protocol} of {}", entry.name), image)));
        }
    }
    let written: UntrustedImage = serde_json::from_str(BY_HAND).expect("an image");
    all.push(("ByHand of nobody".to_owned(), written.validate().expect("it is right")));
    all
}

/// Programs that the compiler would write otherwise.
const BY_HAND: &str = r#"{
  "format": 1,
  "global_type": ["A -> B: Ask(u64) -> 1, A -> B: Stop -> 2", "B -> A: Answer(u64) -> 0", "end"],
  "labels": [
    { "name": "Ask", "payload": "u64" },
    { "name": "Answer", "payload": "u64" },
    { "name": "Stop", "payload": "()" }
  ],
  "roles": [
    {
      "name": "A",
      "local_type": ["B!Ask(u64) -> 1, B!Stop -> 2", "B?Answer(u64) -> 0", "end"],
      "program": [
        "loadimm r0, 7", "send B!Ask(u64) from r0", "recv B?Answer(u64) into r1", "mov r1 to r0",
        "choose B!Ask(u64) -> 5, B!Stop -> 6", "recv B?Answer(u64) into r1 -> 4", "halt"
      ]
    },
    {
      "name": "B",
      "local_type": ["A?Ask(u64) -> 1, A?Stop -> 2", "A!Answer(u64) -> 0", "end"],
      "program": ["yield", "offer A?Ask(u64) -> 3, A?Stop -> 2", "halt", "send A!Answer(u64)", "jmp 0"]
    }
  ]
}"#;

/// Plays a protocol in some settings; every trace is one of its runs.
fn runs(name: &str, image: &CodeImage, settings: &[Setting]) {
    let forks = image.names().roles().any(|(role, _)| image.lanes(role).is_some());
    let mut all = settings.iter().map(|setting| {
        let played = with_handler(image, setting, 5);
        assert!(is_run(&image.global_type, &word(&played.trace)), "{name}, {setting:?}");
        played
    });
    let first = all.next().expect("there are settings");
    // What the script answers in a lane depends on what the lanes beside it have done.
    all.filter(|_| !forks).for_each(|played| agree(image, &first, &played, name));
}

#[test]
fn the_corpus_comes_back_and_runs() {
    let corpus = corpus();
    assert!(corpus.len() >= 55, "there are only {} protocols", corpus.len());
    let settings: Vec<Setting> = settings().into_iter().step_by(7).collect();
    for (name, image) in &corpus {
        let json = serde_json::to_string(image).expect("JSON");
        let read: UntrustedImage = serde_json::from_str(&json).expect("what was written");
        let valid = read.validate().unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(valid, *image, "{name}");
        let read = UntrustedImage::from_bytes(&image.to_bytes()).expect("what was written");
        assert_eq!(read.validate().as_ref(), Ok(image), "{name}");
        for setting in &settings {
            let (one, other) = (with_handler(image, setting, 3), with_handler(&valid, setting, 3));
            assert_eq!((one.trace, one.logs), (other.trace, other.logs), "{name}, {setting:?}");
        }
    }
}
