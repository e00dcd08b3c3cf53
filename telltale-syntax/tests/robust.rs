//! Whatever comes in, nothing panics, hangs or overflows the stack.

use std::fmt::Write;

use proptest::prelude::*;
use telltale_syntax::{Analysis, Mistake, analyse_str};

const GOOD: &str = "
    /// Hello.
    #[allow(silent_end)]
    pub protocol Outer(A, B, C, D) {
        A -> B, C: X(u64, Vec<Option<&'static str>>);
        A, D -> B, C: Sure;
        par { C -> D: Note { text: String, at: [u8; 4] }; } and { do Inner(B, A); }
        'out: loop {
            choice First at A
            /// Yes.
            { A -> B: Yes; continue 'out; } or { A -> B: No(Box<dyn Fn(u8) -> u8 + Send>); break; }
        }
    }
    protocol Inner(X, Y) { loop { choice at X { X -> Y: Go; } or { X -> Y: Stop; break; } } }";

const WORDS: [&str; 56] = [
    "<-",
    "- >",
    "->>",
    "A, B ->",
    "x",
    "if",
    "rec X {",
    "u64",
    "A",
    "B",
    "C",
    "X",
    "P",
    "protocol",
    "protocol P(A, B) {",
    "pub",
    "choice",
    "at",
    "or",
    "par",
    "and",
    "do",
    "loop",
    "break",
    "continue",
    "'a",
    "'a:",
    "->",
    ":",
    ";",
    ";",
    ",",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "<",
    ">",
    "&",
    "#",
    "///x\n",
    "#[allow(silent_end)]",
    "A -> B: X;",
    "A -> B: X(u8);",
    "choice at A { A -> B: X; } or {",
    "loop {",
    "par {",
    "} and {",
    "} or {",
    "do P(A, B);",
    "Vec<",
    "_",
    "\"text\"",
    "1",
];

fn first_mistake(source: &str) -> Option<Mistake> {
    analyse_str(source).diagnostics.first().map(|diagnostic| diagnostic.mistake().clone())
}

/// Everything that can be asked of an analysis.
fn use_up(analysis: &Analysis) {
    for diagnostic in &analysis.diagnostics {
        assert!(!diagnostic.to_string().is_empty());
        assert!(!diagnostic.to_compile_error().is_empty());
    }
    for protocol in &analysis.protocols {
        let Some(lowered) = &protocol.lowered else { continue };
        for state in lowered.global.states() {
            for exit in 0..lowered.global.exits(state).len() {
                assert!(lowered.source.step(state, exit).is_some());
            }
        }
    }
    let is_clean = analysis.diagnostics.is_empty();
    assert!(!is_clean || analysis.protocols.iter().all(|protocol| protocol.lowered.is_some()));
}

/// It needs its parentheses, or it is read as a payload.
#[test]
fn a_label_that_is_called_like_a_type_is_printed_as_it_was_written() {
    let source = "protocol P(A, B) {\n    A -> B: String();\n    A -> B: X(bool);\n}\n";
    let analysis = analyse_str(source);
    assert!(analysis.diagnostics.is_empty(), "{:?}", analysis.diagnostics);
    assert_eq!(analysis.ast.to_string(), source);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn words_in_any_order(words in prop::collection::vec(prop::sample::select(&WORDS[..]), 0..60)) {
        use_up(&analyse_str(&words.join(" ")));
    }

    #[test]
    fn balanced_words(words in prop::collection::vec(prop::sample::select(&WORDS[..]), 0..60)) {
        let source = balance(&format!("protocol P(A, B) {{ {}", words.join(" ")));
        use_up(&analyse_str(&source));
    }

    #[test]
    fn any_characters(text in "\\PC*") {
        use_up(&analyse_str(&text));
    }

    #[test]
    fn a_good_text_cut_off(at in 0..GOOD.len()) {
        use_up(&analyse_str(&balance(&GOOD[..at])));
    }

    #[test]
    fn a_good_text_with_changes(
        changes in prop::collection::vec((0..GOOD.len(), 0..10_usize, prop::sample::select(&WORDS[..])), 1..4)
    ) {
        let mut source = GOOD.to_owned();
        for (at, removed, word) in changes {
            let at = at.min(source.len());
            let end = (at + removed).min(source.len());
            source.replace_range(at..end, word);
        }
        use_up(&analyse_str(&source));
        use_up(&analyse_str(&balance(&source)));
    }

    #[test]
    fn printing_and_reading_again_changes_nothing(
        words in prop::collection::vec(prop::sample::select(&WORDS[..]), 0..40)
    ) {
        let source = balance(&format!("protocol P(A, B) {{ {}", words.join(" ")));
        let printed = analyse_str(&source).ast.to_string();
        prop_assert_eq!(analyse_str(&printed).ast.to_string(), printed);
    }
}

/// The text with delimiters removed or added so that they match.
fn balance(text: &str) -> String {
    let mut open = Vec::new();
    let mut balanced = String::new();
    for character in text.chars() {
        match character {
            '(' => open.push(')'),
            '[' => open.push(']'),
            '{' => open.push('}'),
            ')' | ']' | '}' if open.last() != Some(&character) => continue,
            ')' | ']' | '}' => drop(open.pop()),
            _ => {}
        }
        balanced.push(character);
    }
    balanced.extend(open.into_iter().rev());
    balanced
}

#[test]
fn the_good_text_is_good() {
    assert_eq!(first_mistake(GOOD), None);
}

#[test]
fn many_statements_are_no_burden() {
    let mut source = "protocol P(A, B) {".to_owned();
    for at in 0..2_000 {
        let _ = write!(source, "A -> B: M{at}(u64);");
    }
    source.push('}');
    assert_eq!(first_mistake(&source), None);
}

#[test]
fn many_choices_are_shared() {
    let choice = "choice at A { A -> B: X; B -> A: Z; } or { A -> B: Y; B -> A: Z; }\n";
    let source = format!("protocol P(A, B) {{ {} }}", choice.repeat(500));
    let analysis = analyse_str(&source);
    assert!(analysis.diagnostics.is_empty());
    let lowered = analysis.protocols[0].lowered.as_ref().expect("there are no mistakes");
    assert_eq!(lowered.global.len(), 1_501);
    assert_eq!(analysis.protocols[0].interface.choices.len(), 1);
}

/// Protocols that each run the one before twice; the last has two to the power of `depth` steps.
fn doubling(depth: usize, more: &str) -> String {
    let mut source = "protocol P0(A, B) { A -> B: X; }\n".to_owned();
    for at in 1..=depth {
        let before = at - 1;
        let last = if at == depth { more } else { "" };
        let _ = writeln!(
            source,
            "protocol P{at}(A, B) {{ do P{before}(A, B); do P{before}(B, A); {last} }}"
        );
    }
    source
}

#[test]
fn steps_are_counted_when_protocols_are_written_out() {
    let analysis = analyse_str(&doubling(16, ""));
    assert!(analysis.diagnostics.is_empty());
    let last = analysis.protocols[16].lowered.as_ref().expect("there are no mistakes");
    assert_eq!(last.global.len(), 65_537);

    let too_many = |statement: &str, protocol: &str| Mistake::TooManySteps {
        statement: statement.to_owned(),
        protocol: protocol.to_owned(),
        limit: 65_536,
    };
    assert_eq!(first_mistake(&doubling(16, "A -> B: X;")), Some(too_many("A -> B: X", "P16")),);
    let mistakes = analyse_str(&doubling(64, "")).diagnostics;
    assert_eq!(mistakes[0].mistake(), &too_many("do P16(B, A)", "P17"));
}

#[test]
fn a_block_has_a_limit_of_its_own() {
    let mut source = doubling(16, "");
    for at in 0..1_000 {
        let _ = writeln!(source, "protocol Q{at}(A, B) {{ do P16(A, B); }}");
    }
    let mistakes = analyse_str(&source).diagnostics;
    assert!(matches!(mistakes[0].mistake(), Mistake::TooManyStepsInAll { .. }));
    assert_eq!(mistakes.len(), 1);
}

#[test]
fn long_chains_of_calls_need_no_stack() {
    let mut source = "protocol P0(A, B) { A -> B: X; }\n".to_owned();
    for at in 1..5_000 {
        let _ = writeln!(source, "protocol P{at}(A, B) {{ do P{}(A, B); }}", at - 1);
    }
    assert_eq!(first_mistake(&source), None);
    let circle = format!(
        "{source} protocol Q(A, B) {{ do R(A, B); }} protocol R(A, B) {{ do Q(A, B); do P4999(A, B); }}"
    );
    assert!(matches!(first_mistake(&circle), Some(Mistake::Recursion { .. })));
}

#[test]
fn roles_and_labels_are_counted() {
    let roles = |count: usize| {
        let names: Vec<String> = (0..count).map(|at| format!("R{at}")).collect();
        format!("protocol P({}) {{ R0 -> {}: X; }}", names.join(","), names[1..].join(","))
    };
    assert_eq!(first_mistake(&roles(255)), None);
    assert!(matches!(first_mistake(&roles(256)), Some(Mistake::TooManyRoles { given: 256, .. })));

    let labels = |count: usize| {
        let messages: Vec<String> = (0..count).map(|at| format!("A->B:L{at};")).collect();
        format!("protocol P(A, B) {{ {} }}", messages.concat())
    };
    assert_eq!(first_mistake(&labels(65_535)), None);
    assert!(matches!(first_mistake(&labels(65_536)), Some(Mistake::TooManyLabels { .. })));
}

/// Loops one after the other, each left by a branch of a choice; so every choice begins as all that follow do.
fn chain(length: usize, first: impl Fn(usize) -> String) -> String {
    let mut chain = String::new();
    for at in 0..length {
        let _ = writeln!(chain, "loop {{ choice at A {{ {} }} or {{ break; }} }}", first(at));
    }
    chain
}

#[test]
fn what_choices_repeat_is_counted() {
    let source = |length: usize, more: &str| {
        let chain = chain(length, |at| format!("A -> B: M{at};"));
        format!("protocol P(A, B) {{ {chain} A -> B: End; {more} }}")
    };
    // Each branch that leaves a loop counts for all that follows: 2, 3, … and with the first messages that is
    // 360 · 361 / 2 + 360 + 1.
    let steps = 65_341;
    let fits = analyse_str(&source(360, &"A -> B: X;".repeat(65_536 - steps)));
    assert!(
        fits.diagnostics.iter().all(|one| !matches!(one.mistake(), Mistake::TooManySteps { .. }))
    );
    let too_many = |source: &str| match first_mistake(source) {
        Some(Mistake::TooManySteps { statement, protocol, .. }) => (statement, protocol),
        other => panic!("{other:?}"),
    };
    let choice = ("choice at A".to_owned(), "P".to_owned());
    assert_eq!(too_many(&source(360, &"A -> B: X;".repeat(65_537 - steps))), choice);
    assert_eq!(too_many(&source(5_000, "")), choice);
    // So it is in a protocol that is run, and in one that is run by that.
    let run = format!(
        "{} protocol Q(A, B) {{ do P(A, B); }} protocol R(A, B) {{ do Q(B, A); do Q(A, B); }}",
        source(300, "")
    );
    assert_eq!(too_many(&run), ("do Q(B, A)".to_owned(), "R".to_owned()));
}

#[test]
fn what_choices_repeat_is_counted_in_a_block() {
    let chain = chain(300, |at| format!("A -> B: M{at};"));
    let mut source = String::new();
    for at in 0..6 {
        let _ = writeln!(source, "protocol P{at}(A, B) {{ {chain} A -> B: End; }}");
    }
    let mistakes = analyse_str(&source).diagnostics;
    assert!(matches!(mistakes[0].mistake(), Mistake::TooManyStepsInAll { .. }), "{}", mistakes[0]);
}

#[test]
fn long_chains_of_choices_need_neither_stack_nor_time() {
    // All begin with the same two messages, so nothing is copied that stays.
    let chain = chain(8_000, |_| "A -> B: Again; continue 'all;".to_owned());
    let source = format!("protocol P(A, B) {{ 'all: loop {{ {chain} A -> B: End; break; }} }}");
    assert_eq!(first_mistake(&source), None);

    // The last choice of the chain comes back to the first.
    let source = format!(
        "protocol P(A, B) {{ 'all: loop {{ {chain} choice at A {{ A -> B: End; break; }} or {{ continue; }} }} }}"
    );
    assert!(matches!(first_mistake(&source), Some(Mistake::UnguardedLoop)));
}

#[test]
fn branches_that_pass_many_empty_loops_need_no_time() {
    let branches = "} or { break 'all; ".repeat(10_000);
    let source = format!(
        "protocol P(A, B) {{
             'all: loop {{ choice at A {{ A -> B: X; {branches} }} }}
             {} A -> B: Y;
         }}",
        "loop { break; }".repeat(10_000)
    );
    assert_eq!(first_mistake(&source), None);
}

#[test]
fn choices_nest_up_to_the_limit() {
    let nested = |levels: usize| {
        let mut source = "A -> B: Last;".to_owned();
        for level in 0..levels {
            source = format!("choice at A {{ A -> B: M{level}; }} or {{ {source} }}");
        }
        analyse_str(&format!("protocol P(A, B) {{ {source} }}"))
    };
    let deepest = nested(126);
    assert!(deepest.diagnostics.is_empty());
    let lowered = deepest.protocols[0].lowered.as_ref().expect("there are no mistakes");
    assert_eq!(
        (lowered.global.len(), lowered.global.exits(telltale_types::StateId(0)).len()),
        (2, 127)
    );
    assert!(matches!(nested(200).diagnostics[0].mistake(), Mistake::NestedTooDeep { .. }));
}
