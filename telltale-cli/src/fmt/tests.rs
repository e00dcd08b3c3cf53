//! Comments everywhere.

use proptest::prelude::*;
use telltale_syntax::analyse_str;

use super::tokens::tokens;
use super::{Left, Split, block, is_same, printed};

const JOB: &str = "\
#[allow(silent_end)]
pub protocol Job(Client, Server, Log) {
    Client -> Server: Submit { name: String, size: Vec<u64> };
    'progress: loop {
        choice How at Server {
            Server -> Client, Log: Percent(u8);
        } or {
            do Finish(Server, Client);
            Server -> Log: Done;
            break 'progress;
        }
    }
    par {
        Client -> Log: Stop;
    } and {
        Server -> Log: Stop;
        Log -> Server: Noted;
    }
}

/// At the end.
protocol Finish(One, Other) {
    One -> Other: Done;
}
";

/// What may stand between two tokens without changing them.
const BETWEEN: [&str; 7] = [
    "\n",
    "\n\n\n",
    " // behind\n",
    "\n// above\n",
    "\n\n// above, after an empty line\n",
    " /* between */ ",
    "\n/* two\n   lines */\n",
];

/// The protocol with something at some of the gaps between its tokens.
fn scattered() -> impl Strategy<Value = String> {
    let count = tokens(JOB).len();
    let between = prop_oneof![6 => Just(""), 1 => prop::sample::select(BETWEEN.to_vec())];
    prop::collection::vec(between, count + 1).prop_map(|between| {
        let mut text = String::new();
        let mut at = 0;
        for (token, between) in tokens(JOB).iter().zip(&between) {
            text.push_str(&JOB[at..token.range.start]);
            // `->` and `'progress` are two tokens that nothing can stand between.
            if !text.ends_with(['-', '\'']) {
                text.push_str(between);
            }
            at = token.range.start;
        }
        text.push_str(&JOB[at..]);
        text.push_str(between.last().expect("there is one more"));
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn nothing_is_lost(text in scattered(), indent in prop::option::of(prop::sample::select(vec!["    ", "\t"]))) {
        prop_assert!(analyse_str(&text).diagnostics.is_empty(), "{text}");
        match block(&text, indent) {
            Ok(formatted) => {
                prop_assert!(is_same(&Split::of(&text), &analyse_str(&text), &formatted));
                let again = block(&formatted, indent).ok();
                prop_assert_eq!(again.as_deref(), Some(&*formatted));
            }
            Err(Left::Comment { line }) => {
                let line = text.lines().nth(line - 1).expect("the line is there");
                prop_assert!(line.contains("//") || line.contains("/*"), "{line}");
            }
            Err(_) => prop_assert!(false, "there is nothing else"),
        }
    }
}

/// Above and behind every line there is a place for a comment.
#[test]
fn lines_have_places() {
    let lines = JOB.lines().count();
    for at in 0..=lines {
        let (before, after): (Vec<_>, Vec<_>) =
            (JOB.lines().take(at).collect(), JOB.lines().skip(at).collect());
        let above = format!("{}\n// a comment\n{}\n", before.join("\n"), after.join("\n"));
        assert!(block(above.trim_start(), None).is_ok(), "{above}");
        if before.last().is_some_and(|line| !line.starts_with("///") && !line.is_empty()) {
            let behind = format!("{} // a comment\n{}\n", before.join("\n"), after.join("\n"));
            assert!(block(&behind, None).is_ok(), "{behind}");
        }
    }
}

#[test]
fn what_is_formatted_stays() {
    let analysis = analyse_str(JOB);
    assert_eq!(printed(&analysis), JOB);
    assert_eq!(block(JOB, None).ok().as_deref(), Some(JOB));
}

/// Whatever an attribute says stays, or the block does.
#[test]
fn attributes_are_kept() {
    let kept = "#[doc(hidden)]
#[doc(alias(\"trade\", \"deal\"), hidden)]
#[doc = include_str!(\"x.md\")]
#[doc = concat!(\"a\", \"b\")]
#[doc]
#[doc = \"/ no comment\"]
/// Space, and one that is no text.  
#[allow(silent_end)]
#[derive(Debug)]
#[serde(version = 2, codec = a::B)]
protocol P(
    #[doc(hidden)]
    A,
    /// One.
    /// One.
    B,
) {
    #[doc(hidden)]
    #[derive(Clone)]
    #[state(Waits)]
    A -> B: X { a: u8 };
}
";
    assert_eq!(block(kept, None).expect("it is laid out"), kept);
    let other = kept
        .replace("#[derive(Debug)]", "#[derive(Debug, Debug,)] #[derive()] #[derive(Debug)]")
        .replace("version = 2, codec = a::B", "codec = a :: B, version = 0x2u32,")
        .replace("/// One.", "#[doc = r\" One.\"]")
        .replace("silent_end", "silent_end,")
        .replace("deal\"), hidden", "deal\",), hidden,")
        .replace("a: u8", "a: u8,");
    assert_eq!(block(&other, None).expect("it is laid out"), kept);
}

/// Roles stay on one line as long as that is short, whichever of them are like others.
#[test]
fn lists_of_roles_break_when_they_are_long() {
    let short = "protocol P(Hub, Ann, #[like(Ann)] Ben) {\n    Hub -> Ann, Ben: X;\n}\n";
    assert_eq!(block(short, None).expect("it is laid out"), short);
    let broken =
        short.replace("Hub, Ann, #[like(Ann)] Ben", "Hub,\n    Ann,\n    #[like(Ann)]\n    Ben,\n");
    assert_eq!(block(&broken, None).expect("it is laid out"), short);
    let long = "protocol P(
    Coordinator,
    FirstParticipant,
    #[like(FirstParticipant)] SecondParticipant,
    #[like(FirstParticipant)] ThirdParticipant,
) {
    Coordinator -> FirstParticipant, SecondParticipant, ThirdParticipant: X;
}
";
    assert_eq!(block(long, None).expect("it is laid out"), long);
}

#[test]
fn what_the_tree_does_not_hold_is_not_lost() {
    for (attribute, lost) in [
        ("allow(silent_end, dead_code)", "#[allow(dead_code)]"),
        ("allow(silent_end, reason = \"x\")", "#[allow(reason = \"x\")]"),
        ("telltale(crate = a, b)", "#[telltale(b)]"),
    ] {
        let text = format!("\n#[{attribute}]\nprotocol P(A, B) {{ A -> B: X; }}\n");
        match block(&text, None) {
            Err(Left::Unknown { line: 2, what }) => assert_eq!(what, lost),
            other => panic!("{attribute}: {other:?}"),
        }
    }
}

#[test]
fn tabs_stay_tabs() {
    let text = "protocol P(A, B) { loop { A -> B: M; // behind\n// above\n} }";
    let expected = "\n\tprotocol P(A, B) {\n\t\tloop {\n\t\t\tA -> B: M; // behind\n\t\t\t// above\n\t\t}\n\t}\n";
    assert_eq!(block(text, Some("")).ok(), Some(expected.replace('\t', "    ")));
    let inner = expected.replace("\n\t", "\n\t\t");
    let closing = format!("{inner}\t");
    assert_eq!(block(text, Some("\t")).ok(), Some(closing));
}

#[test]
fn comments_in_comments_are_one() {
    let text = "/* a /* b */ c */ // d\n/// e\n";
    assert_eq!(Split::of(text).comments(), ["/* a /* b */ c */", "// d"]);
}
