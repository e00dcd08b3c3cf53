//! Timelines keep the rules of the trace event format by which programs draw them.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::Value;
use telltale_diagram::timeline;
use telltale_types::{EventKind, LogEvent};

/// A process and a thread, in which things happen one after the other.
type Track = (u64, u64);

fn number(event: &Value, key: &str) -> u64 {
    event[key].as_u64().unwrap_or_else(|| panic!("`{key}` of {event} is a number"))
}

fn text<'e>(event: &'e Value, key: &str) -> &'e str {
    event[key].as_str().unwrap_or_else(|| panic!("`{key}` of {event} is a text"))
}

fn track(event: &Value) -> Track {
    (number(event, "pid"), number(event, "tid"))
}

/// What the format demands, and what becomes of traces that ignore it: slices of a track that overlap and are not nested are dropped or cut,
/// and an arrow whose ends are in no slice is not drawn.
fn check(trace: &str) -> BTreeMap<String, usize> {
    let trace: Value = serde_json::from_str(trace).expect("it is JSON");
    let events = trace["traceEvents"].as_array().expect("there are events");
    let mut slices: BTreeMap<Track, Vec<(u64, u64)>> = BTreeMap::new();
    let mut names: BTreeMap<Track, String> = BTreeMap::new();
    for event in events {
        match text(event, "ph") {
            "X" => {
                assert!(number(event, "dur") > 0 && !text(event, "name").is_empty(), "{event}");
                let start = number(event, "ts");
                let slices = slices.entry(track(event)).or_default();
                slices.push((start, start + number(event, "dur")));
            }
            "M" if text(event, "name") == "thread_name" => {
                names.insert(track(event), text(&event["args"], "name").to_owned());
            }
            "M" => assert_eq!(text(event, "name"), "process_name"),
            "s" | "f" => {}
            other => panic!("nothing is known of the phase `{other}`"),
        }
    }
    for slices in slices.values_mut() {
        slices.sort_unstable();
        for pair in slices.windows(2) {
            assert!(pair[0].1 <= pair[1].0, "{pair:?} overlap in {trace}");
        }
    }
    assert!(slices.keys().all(|track| names.contains_key(track)), "every track has a name");
    let mut open = BTreeMap::new();
    let mut arrows = BTreeSet::new();
    for event in events.iter().filter(|event| ["s", "f"].contains(&text(event, "ph"))) {
        // `bp` says that the end belongs to the slice around it.
        assert_eq!(text(event, "bp"), "e");
        let at = number(event, "ts");
        let around =
            slices[&track(event)].iter().filter(|(start, end)| (start..end).contains(&&at));
        assert_eq!(around.count(), 1, "{event} is in one slice");
        let id = number(event, "id");
        // Both ends of an arrow are found by these three together.
        let key = (id, text(event, "cat").to_owned(), text(event, "name").to_owned());
        if text(event, "ph") == "s" {
            assert!(arrows.insert(id), "{event} begins an arrow that there is");
            open.insert(key, at);
        } else {
            let begun = open.remove(&key);
            assert!(begun.is_some_and(|begun| begun < at), "{event} ends what has begun");
        }
    }
    slices.into_iter().map(|(track, slices)| (names[&track].clone(), slices.len())).collect()
}

fn event() -> impl Strategy<Value = LogEvent> {
    let kind =
        prop_oneof![Just(EventKind::Send), Just(EventKind::Receive), Just(EventKind::Exchange)];
    let pair = prop_oneof![Just(("A", "B")), Just(("B", "A")), Just(("A", "C")), Just(("C", "B"))];
    (kind, pair, "[A-Z\"\\\\é]{1,3}", proptest::option::of(0..2_u16)).prop_map(
        |(kind, (from, to), label, channel)| LogEvent {
            kind,
            channel,
            ..LogEvent::exchange(from, to, label)
        },
    )
}

proptest! {
    /// Also where a log makes no sense: it is drawn before anybody has checked it.
    #[test]
    fn every_log_is_a_trace(log in proptest::collection::vec(event(), 0..40)) {
        let mut expected = BTreeMap::new();
        for LogEvent { kind, sender, receiver, .. } in &log {
            let sends = (*kind != EventKind::Receive).then_some(sender);
            let receives = (*kind != EventKind::Send).then_some(receiver);
            for role in sends.into_iter().chain(receives) {
                *expected.entry(role.clone()).or_insert(0) += 1;
            }
        }
        prop_assert_eq!(check(&timeline("a run", ["A", "B"], log)), expected);
    }
}

/// A message that is received when it is sent takes place on two tracks, and is over before the next one.
#[test]
fn answers_do_not_overlap() {
    let log = [LogEvent::exchange("A", "B", "Ping"), LogEvent::exchange("B", "A", "Pong")];
    let tracks = check(&timeline("a run", ["A", "B"], log));
    assert_eq!(tracks.into_values().collect::<Vec<_>>(), [2, 2]);
}
