//! Recordings that were altered, cut off, or are none.

use insta::assert_snapshot;
use telltale_vm::recording::{Recorded, Replay};
use telltale_vm::{VM, VMConfig};

use super::handlers::{CHAT, Moody, recorded_run, wake_all};
use super::purchase::{diverging, not_read, purchase, recording, refused, roles};
use crate::support;

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
            let error = refused(&purchase::IMAGE, &text);
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
            refused(&purchase::IMAGE, &text);
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
