//! A thread can read as many texts as it likes: nothing of them is kept.

use peak_alloc::PeakAlloc;
use proc_macro2::TokenStream;
use telltale_syntax::{Analysis, Mistake, analyse_str, project_all};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// A protocol, one with a mistake, one that some role cannot play, and texts without tokens.
const TEXTS: [&str; 6] = [
    "/// Counts.
    #[telltale(crate = crate::a)]
    pub(crate) protocol Count(A, B) {
        'all: loop {
            choice Next at A {
                A -> B: Add([u8; 0x1_0], &'static str, self::Note<{ 1 + 2 }>);
            } or {
                /// The last.
                A -> B: Last { note: String, r#in: fn(&u8) -> u8 };
                break 'all;
            }
        }
        par { do Twice(A, B); } and {}
    }
    protocol Twice(X, Y) { X -> Y: One; X -> Y: Two; }",
    "protocol P(A, B) { A -> C: X; A -> B: Y(&str); A -> B: Y(u8); }",
    "protocol P(A, B, C) {
        choice at A { A -> B: X; B -> C: Z; } or { A -> B: Y; C -> B: Z; }
    }",
    "protocol P(A, B) { A -> B: X([u8; 1) }",
    "// Nothing.",
    "\"",
];

fn read_all() {
    for text in TEXTS {
        let analysis = analyse_str(text);
        for error in project_all(&analysis).into_iter().filter_map(Result::err).flatten() {
            assert!(!error.to_string().is_empty());
        }
    }
}

/// One test, for there is one memory.
#[test]
fn nothing_is_kept() {
    read_all();
    let before = MEMORY.current_usage();
    for _ in 0..300 {
        read_all();
    }
    assert_eq!(MEMORY.current_usage(), before);

    places_stay_right();
    spans_of_others_stay_right();
}

fn places_stay_right() {
    let analyses: Vec<Analysis> = TEXTS.into_iter().map(analyse_str).collect();
    read_all();

    let name = &analyses[0].ast.protocols[0].name;
    assert_eq!((name.place().start().line, name.place().start().column), (3, 24));
    // Of no place, but no reason to panic.
    assert_eq!(name.span().start().line, name.span().end().line);
    assert!(!format!("{analyses:?}").is_empty());

    assert_eq!(
        analyses[1].diagnostics[0].to_string(),
        "line 1, column 25: unknown role `C`\nhelp: add it to the roles of the protocol: `protocol P(A, B, C)`"
    );
    let errors = project_all(&analyses[2]).remove(0).expect_err("`C` is not told");
    assert_eq!(errors[0].start().line, 2);
    assert_eq!(errors[0].annotations()[0].start.line, 2);
    assert!(errors.iter().all(|error| matches!(error.mistake(), Mistake::CannotKnow(_))));
}

fn spans_of_others_stay_right() {
    let others: TokenStream = "\n\n  other".parse().expect("a word is a token");
    read_all();
    let other = others.into_iter().next().expect("a word is a token").span();
    assert_eq!((other.start().line, other.start().column), (3, 2));
}
