//! Images that were made to cost memory or time.

mod support;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::json;
use telltale_bytecode::{ImageError, Limits, UntrustedImage};

/// Far more than any of them takes on a machine that has other things to do.
const LONG: Duration = Duration::from_secs(120);

/// What validating an image gives, which must not take long.
fn verdict(json: &str) -> String {
    let start = Instant::now();
    let verdict = match serde_json::from_str::<UntrustedImage>(json) {
        Ok(image) => {
            image.validate().map_or_else(|error| error.to_string(), |_| "valid".to_owned())
        }
        Err(error) => error.to_string(),
    };
    let took = start.elapsed();
    println!("{took:?}: {}", verdict.chars().take(200).collect::<String>());
    assert!(took < LONG, "it took {took:?}");
    assert!(verdict.len() < 20_000, "it is {} bytes long", verdict.len());
    verdict
}

fn image(labels: &[&str], global: &[String], roles: &[(&str, Vec<String>, Vec<String>)]) -> String {
    let labels: Vec<_> =
        labels.iter().map(|name| json!({ "name": name, "payload": "()" })).collect();
    let role = |(name, local, program): &(&str, Vec<String>, Vec<String>)| json!({ "name": name, "local_type": local, "program": program });
    let roles: Vec<_> = roles.iter().map(role).collect();
    json!({ "format": 1, "global_type": global, "labels": labels, "roles": roles }).to_string()
}

/// A line of messages from one role to another, with programs of their own.
fn line(length: usize, a: Vec<String>, b: Vec<String>) -> String {
    let states = |message: &str| -> Vec<String> {
        let states = (1..=length).map(|next| format!("{message}m -> {next}"));
        states.chain(["end".to_owned()]).collect()
    };
    image(&["m"], &states("A -> B: "), &[("A", states("B!"), a), ("B", states("A?"), b)])
}

fn lines(text: &[&str]) -> Vec<String> {
    text.iter().map(|&line| line.to_owned()).collect()
}

#[test]
fn a_protocol_as_long_as_can_be() {
    let all = |message: &str, length: usize| -> Vec<String> {
        let messages = std::iter::repeat_n(message.to_owned(), length);
        messages.chain(["halt".to_owned()]).collect()
    };
    let length = (1 << 16) - 1;
    let verdict = verdict(&line(length, all("send B!m", length), all("recv A?m", length)));
    assert_eq!(verdict, "valid");
    let length = 1 << 16;
    let error = self::verdict(&line(length, Vec::new(), Vec::new()));
    assert_eq!(error, "65537 states, but an image from outside may have at most 65536");
}

/// A loop in which each round sets one of many registers, or leaves it as it is.
#[test]
fn registers_with_exponentially_many_contents() {
    let registers = 40;
    let mut program = lines(&[]);
    for register in 0..registers {
        let at = program.len();
        program.push(format!("choose B!m -> {}, B!n -> {}", at + 1, at + 2));
        program.push(format!("loadimm r{register}, 7"));
    }
    program.push("jmp 0".to_owned());
    let both = |mark: &str| vec![format!("{mark}m -> 0, {mark}n -> 0")];
    let json = image(
        &["m", "n"],
        &["A -> B: m -> 0, A -> B: n -> 0".to_owned()],
        &[("A", both("B!"), program), ("B", both("A?"), lines(&["offer A?m -> 0, A?n -> 0"]))],
    );
    let error = verdict(&json);
    assert!(error.starts_with("the programs cannot be verified within 67108864 steps"), "{error}");
}

#[test]
fn a_choice_of_everything_everywhere() {
    let labels: Vec<String> = (0..60_000).map(|label| format!("L{label}")).collect();
    let names: Vec<&str> = labels.iter().map(String::as_str).collect();
    let branches = |peer: &str| {
        let mut line = String::new();
        for label in &labels {
            let comma = if line.is_empty() { "" } else { ", " };
            write!(line, "{comma}{peer}{label} -> 0").expect("a string has room");
        }
        line
    };
    let json = |offer: String| {
        image(
            &names,
            &[branches("A -> B: ")],
            &[
                ("A", vec![branches("B!")], vec![format!("choose {}", branches("B!"))]),
                ("B", vec![branches("A?")], vec!["yield".to_owned(), offer]),
            ],
        )
    };
    let offer = format!("offer {}", branches("A?").replace("-> 0", "-> 1"));
    // Each branch is looked for among as many exits.
    let error = verdict(&json(offer.clone()));
    assert!(error.starts_with("the programs cannot be verified within"), "{error}");
    let error = verdict(&json(offer.replace("A?L59999 -> 1", "A?L59999 -> 2")));
    assert!(error.starts_with("the programs cannot be verified within"), "{error}");
}

/// The machine of a role that is not told which of many branches was taken has a state for each set of them.
#[test]
fn a_projection_with_exponentially_many_states() {
    // C sees a word of `a` and `b`, and would have to know the letter that was twenty before the end.
    let length = 24;
    let mut states = vec![
        "A -> B: x -> 1, A -> B: y -> 2, A -> B: z -> 3".to_owned(),
        "A -> C: a -> 0".to_owned(),
        "A -> C: b -> 0".to_owned(),
        "A -> C: a -> 4".to_owned(),
    ];
    for step in 0..length {
        let (at, next) = (states.len(), states.len() + 3);
        let next = if step + 1 == length { at } else { next };
        states.push(format!("A -> B: x -> {}, A -> B: y -> {}", at + 1, at + 2));
        states.push(format!("A -> C: a -> {next}"));
        states.push(format!("A -> C: b -> {next}"));
    }
    let role = |name| (name, lines(&["end"]), lines(&["halt"]));
    let json = image(&["a", "b", "x", "y", "z"], &states, &[role("A"), role("B"), role("C")]);
    let error = verdict(&json);
    assert!(error.contains("131072") || error.contains("states"), "{error}");
}

#[test]
fn arms_in_arms_in_arms() {
    for depth in [600, 1_300, 3_000] {
        let mut states = Vec::new();
        // par -> inner, -> other, then -> next; at the innermost, messages.
        for _ in 0..depth {
            let at = states.len();
            states.push(format!("par -> {}, -> {}, then -> {}", at + 4, at + 1, at + 3));
            states.push(format!("A -> B: m -> {}", at + 2));
            states.push("arm end".to_owned());
            states.push(if at == 0 { "end" } else { "arm end" }.to_owned());
        }
        states.push(format!("B -> A: m -> {}", states.len() + 1));
        states.push("arm end".to_owned());
        let role = |name| (name, lines(&["end"]), lines(&["halt"]));
        verdict(&image(&["m"], &states, &[role("A"), role("B")]));
    }
}

#[test]
fn many_arms_at_once() {
    let arms = 1_300;
    let beginnings = (0..arms).fold(String::new(), |mut all, arm| {
        write!(all, " -> {},", 2 + 2 * arm).expect("a string has room");
        all
    });
    let mut states = vec![format!("par{beginnings} then -> 1"), "end".to_owned()];
    for arm in 0..arms {
        states.push(format!("A -> B: m -> {}", 3 + 2 * arm));
        states.push("arm end".to_owned());
    }
    let role = |name| (name, lines(&["end"]), lines(&["halt"]));
    verdict(&image(&["m"], &states, &[role("A"), role("B")]));
}

#[test]
fn lines_that_are_long() {
    let many = |text: &str| text.repeat(4_000_000 / text.len());
    let role = |local: String, program: String| {
        let other = ("B", lines(&["end"]), lines(&["halt"]));
        image(&["m"], &lines(&["end"]), &[("A", vec![local], vec![program]), other])
    };
    let end = || "end".to_owned();
    for text in ["B?m -> 0, ", "B!m -> 0, ", "!", "?", " -> ", "B!m -> ", "B?", "x"] {
        verdict(&role(many(text), end()));
        verdict(&role(end(), format!("offer {}", many(text))));
        verdict(&role(end(), format!("send {}", many(text))));
        verdict(&role(end(), format!("recv r0.{}", many(text))));
        verdict(&role(end(), format!("invoke {}", many(text))));
    }
    verdict(&role(end(), format!("offer {}", many("r0.role 1?label 0 -> 0, "))));
    verdict(&role(end(), format!("fork {}", many("lane 1 -> 0, "))));
}

#[test]
fn names_that_are_long() {
    let long = "x".repeat(2_000);
    let error = verdict(&image(&[&long], &lines(&["end"]), &[]));
    assert_eq!(error, "2000 bytes in one name, but an image from outside may have at most 1024");
    let names: Vec<String> = (0..1_100).map(|name| format!("{name:01000}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let error = verdict(&image(&names, &lines(&["end"]), &[]));
    assert!(
        error.ends_with("bytes in all names, but an image from outside may have at most 1048576")
    );
}

#[test]
fn lengths_that_are_not_there() {
    let image = support::random(200).next().expect("one of them projects").1;
    let bytes = image.to_bytes();
    // A length of 2⁶³ instead of every byte behind the format.
    for at in 6..bytes.len() {
        let long = [&bytes[..at], &[0xff; 9], &[0x01], &bytes[at + 1..]].concat();
        let start = Instant::now();
        let read = UntrustedImage::from_bytes(&long).and_then(|image| image.validate());
        assert!(read.is_err() && start.elapsed() < Duration::from_secs(5), "{at}");
    }
    // Very many of something that is empty.
    let empty = [b"\x89TTI\x01\x00", &[0; 4][..], &[0xff, 0xff, 0x3f], &vec![0; 1 << 20]].concat();
    let start = Instant::now();
    assert!(UntrustedImage::from_bytes(&empty).and_then(|image| image.validate()).is_err());
    assert!(start.elapsed() < LONG);
}

#[test]
fn limits_can_be_set() {
    let image = support::random(200).next().expect("one of them projects").1;
    let read = UntrustedImage::from(&image);
    let limits = Limits { states: 0, ..Limits::default() };
    let error = read.validate_with(&limits).expect_err("there is a state");
    let given = image.global_type.len();
    assert_eq!(error, ImageError::Limit { what: "states", given, limit: 0 });
    let limits = Limits { bytes: 10, ..Limits::default() };
    let error = UntrustedImage::from_bytes_with(&image.to_bytes(), &limits);
    assert!(matches!(error, Err(ImageError::Limit { what: "bytes", limit: 10, .. })));
}

/// The table in the guide.
#[test]
fn the_guide_gives_the_limits() {
    let guide = include_str!("../../docs/20_images_from_outside.md");
    let limits = format!("{:?}", Limits::default());
    let fields = limits.trim_start_matches("Limits { ").trim_end_matches(" }").split(", ");
    for field in fields {
        let (name, number) = field.split_once(": ").expect("a field");
        let row = guide.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
        let row = row.unwrap_or_else(|| panic!("the guide does not know `{name}`"));
        let given = row.trim_end_matches(" |").rsplit("| ").next().expect("a last cell");
        let (digits, unit) = given.split_once(' ').unwrap_or((given, ""));
        let digits: usize = digits.replace(',', "").parse().expect("a number");
        let given = if unit == "MiB" { digits << 20 } else { digits };
        assert_eq!(given.to_string(), number, "{row}");
    }
}
