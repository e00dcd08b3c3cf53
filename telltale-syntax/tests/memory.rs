//! What is refused costs no more than what is accepted: memory in proportion to the text, and no more
//! mistakes than somebody would read.

use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

use peak_alloc::PeakAlloc;
use telltale_syntax::{Analysis, MISTAKE_LIMIT, Mistake, TEXT_LIMIT, analyse_str};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// There is one memory, so one test after the other looks at it.
static TURN: Mutex<()> = Mutex::new(());

/// How many bytes may be in use for each byte of a text. A token takes about forty, and is there as it is
/// read, as it is looked at and as it is kept.
const FACTOR: usize = 500;

/// Reads a text and prints its mistakes, and looks at how much memory that takes.
fn read(text: &str) -> Analysis {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let analysis = analyse_str(text);
    let printed: usize = analysis.diagnostics.iter().map(|one| one.to_string().len()).sum();
    let factor = (MEMORY.peak_usage() - before) / text.len();

    let beginning: String = text.chars().take(60).collect();
    assert!(factor < FACTOR, "{factor} bytes for each of `{beginning}`");
    assert!(analysis.diagnostics.len() <= MISTAKE_LIMIT + 1, "`{beginning}`");
    assert!(printed < 1_000 * (MISTAKE_LIMIT + 1), "{printed} characters about `{beginning}`");
    #[cfg(feature = "render")]
    {
        use telltale_syntax::{Style, render};
        let rendered = render(&analysis.diagnostics, "protocol", text, Style::Plain).len();
        assert!(rendered < 1_000 * (MISTAKE_LIMIT + 1), "{rendered} characters of `{beginning}`");
    }
    analysis
}

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

const LENGTH: usize = 1 << 15;

/// Pieces that are wrong, one after the other, as a whole text or in a protocol.
const PIECES: [&str; 40] = [
    ";",
    "x ",
    "{} ",
    "{{{}}} ",
    "{",
    "}",
    "() ",
    "[",
    "<",
    "'",
    "'a ",
    "#",
    "#[a] ",
    "/// a\n",
    "\"",
    "\"a\" ",
    "1 ",
    "->",
    ", ",
    "A -> ",
    "A -> B: X ",
    "A -> B: X(;); ",
    "A -> B: X(u8, ; ",
    "A -> B: X([u8; ); ",
    "A -> Q: X; ",
    "Q, A -> B: X; ",
    "A -> A: X; ",
    "A -> B, B: X; ",
    "choice at A { A -> B: X; } ",
    "choice at A {} or {} ",
    "loop {} ",
    "par {} ",
    "par { A -> B: X; } and { A -> B: X; } ",
    "break; ",
    "continue 'a; ",
    "do Q(A, B); ",
    "do P(A, B); ",
    "protocol ",
    "protocol P(A, B) {} ",
    "pub protocol p(a, a) { a -> b: c; } ",
];

#[test]
fn mistakes_take_memory_in_proportion() {
    let _turn = turn();
    for piece in PIECES {
        let many = piece.repeat(LENGTH / piece.len());
        read(&many);
        read(&format!("protocol P(A, B) {{ {many} }}"));
        read(&format!("protocol P(A, B, {many}) {{ A -> B: X; }}"));
        read(&format!("protocol P(A, B) {{ A -> B: X({many}); }}"));
    }
}

/// Numbers without a pattern, the same for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits are a size") % limit
    }
}

/// A long text in which everything is used, and used right.
fn good() -> String {
    (0..60).fold(String::new(), |mut text, at| {
        let _ = write!(
            text,
            "pub protocol P{at}(A, B, C) {{
                'all: loop {{
                    /// Goes on or not.
                    choice Next{at} at A {{
                        A -> B: Add{at}(u64, Vec<Option<[u8; 4 + {at}]>>); B -> C: Sum;
                    }} or {{
                        A -> B: Stop{at} {{ why: String, at: fn(&str) -> u8 }}; B -> C: Over; break 'all;
                    }}
                }}
                par {{ do Q{at}(B, C); }} and {{}}
            }}
            protocol Q{at}(X, Y) {{ X -> Y: Bye{at}; Y -> X: Gone{at}(Box<dyn Fn() -> u8 + Send>); }}\n"
        );
        text
    })
}

#[test]
fn what_is_right_takes_no_more() {
    let _turn = turn();
    let analysis = read(&good());
    assert!(analysis.diagnostics.is_empty(), "{}", analysis.diagnostics[0]);
}

#[test]
fn changes_take_no_more_than_what_is_right() {
    let _turn = turn();
    let good = good();
    for seed in 0..60 {
        let mut random = Random(seed);
        let mut text = good.clone();
        for _ in 0..=random.below(40) {
            let start = random.below(text.len());
            let end = (start + random.below(60)).min(text.len());
            match random.below(4) {
                0 => text.replace_range(start..end, ""),
                1 => {
                    let copy = text[start..end].to_owned();
                    text.insert_str(start, &copy);
                }
                2 => text.insert_str(start, PIECES[random.below(PIECES.len())]),
                _ => {
                    let piece = PIECES[random.below(PIECES.len())];
                    text.insert_str(start, &piece.repeat(random.below(200)));
                }
            }
        }
        println!("seed {seed}");
        read(&text);
        read(&balanced(&text));
    }
}

/// The text with delimiters removed or added so that they match.
fn balanced(text: &str) -> String {
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
fn mistakes_beyond_the_limit_are_counted() {
    let _turn = turn();
    let analysis =
        read(&format!("protocol P(A, B) {{ A -> B: X;\n{} }}", "A -> A: X;\n".repeat(1_000)));
    let (last, explained) = analysis.diagnostics.split_last().expect("there are mistakes");
    assert_eq!(explained.len(), MISTAKE_LIMIT);
    assert_eq!(last.to_string(), "line 102, column 6: 900 more mistakes are not shown");

    let analysis =
        read(&format!("protocol P(A, B) {{ A -> B: X; {} }}", "A -> A: X;".repeat(MISTAKE_LIMIT)));
    assert_eq!(analysis.diagnostics.len(), MISTAKE_LIMIT);
}

/// Protocols are looked at in the order in which they run each other.
#[test]
fn the_first_mistakes_are_explained() {
    let _turn = turn();
    let mut text = String::new();
    for at in 0..500 {
        let _ = writeln!(text, "protocol P{at}(A, B) {{ A -> C: X; do P{}(A, B); }}", at + 1);
    }
    let analysis = read(&(text + "protocol P500(A, B) { A -> B: X; }"));
    let lines = analysis.diagnostics.iter().map(|mistake| mistake.start().line);
    assert!(lines.eq(1..=MISTAKE_LIMIT + 1));
}

#[test]
fn long_names_are_not_repeated() {
    let _turn = turn();
    for length in [256, LENGTH] {
        let name = "A".repeat(length);
        for text in [
            format!("protocol {name}(A, B) {{ A -> B: X; }}"),
            format!("protocol P(A, {name}) {{ A -> B: X; }}"),
            format!("protocol P(A, B) {{ A -> {name}: X; }}"),
            format!("protocol P(A, B) {{ A -> B: {name}; }}"),
            format!("protocol P(A, B) {{ A -> B: X {{ {name}: u8 }}; }}"),
            format!("protocol P(A, B) {{ '{name}: loop {{ A -> B: X; }} }}"),
            format!("protocol P(A, B) {{ loop {{ A -> B: X; break '{name}; }} }}"),
            format!("protocol P(A, B) {{ do {name}(A, B); }}"),
        ] {
            let analysis = read(&text);
            assert!(matches!(
                analysis.diagnostics[0].mistake(),
                Mistake::NameTooLong { limit: 255, .. }
            ));
            assert!(analysis.diagnostics[0].to_string().len() < 300);
        }
    }
    assert!(
        read(&format!("protocol P({0}, B) {{ {0} -> B: {0}; }}", "A".repeat(255)))
            .diagnostics
            .is_empty()
    );
}

#[test]
fn what_is_long_is_quoted_in_part() {
    let _turn = turn();
    let long = "u8, ".repeat(LENGTH / 4);
    let word = "b".repeat(LENGTH);
    for text in [
        format!("protocol P(A, B) {{ A -> B: X({long}); {} }}", "A -> B: X;".repeat(LENGTH / 10)),
        format!("protocol P(A, B) {{ A -> B: X; {} }}", format!("A -> B: X({long});").repeat(4)),
        format!("protocol P(A, B) {{ A -> B: X({long} &str); }}"),
        format!("protocol P(A, B) {{ A -> B: X(({long} &str)); }}"),
        format!(
            "protocol P(A, B) {{ {} }}",
            format!("choice at A {{ B -> A: X({long}); }} or {{ }}").repeat(4)
        ),
        format!("protocol P(A, B) {{ A -> B: \"{word}\"; }}"),
        format!("protocol P(A, B) {{ {word} }}"),
        format!("#[{word}] protocol P(A, B) {{ A -> B: X; }}"),
        format!("pub({word}) protocol P(A, B) {{ A -> B: X; }}"),
    ] {
        assert!(!read(&text).diagnostics.is_empty());
    }
}

#[test]
fn many_names_that_nobody_knows_are_mistakes_like_others() {
    let _turn = turn();
    let roles: Vec<String> = (0..255).map(|at| format!("Participant{at}")).collect();
    let unknown = (0..10_000).fold(String::new(), |mut text, at| {
        let _ = write!(text, "Participant0 -> Participent{at}: X; do Q{at}(A, B);");
        text
    });
    let text = format!("protocol P({}) {{ {unknown} }}", roles.join(", "));
    assert_eq!(read(&text).diagnostics.len(), MISTAKE_LIMIT + 1);
}

#[test]
fn long_circles_are_named_in_part() {
    let _turn = turn();
    let call = |at: usize| format!("protocol P{at}(A, B) {{ do P{}(A, B); }}", (at + 1) % 100);
    let text: String = (0..100).map(call).collect();
    let message = read(&text).diagnostics[0].message();
    assert!(message.ends_with("`P7`, `P8` and 91 more"), "{message}");
}

#[test]
fn texts_have_a_limit() {
    let _turn = turn();
    let analysis = read(&" ".repeat(TEXT_LIMIT + 1));
    assert_eq!(
        analysis.diagnostics[0].to_string(),
        "line 1, column 1: a text can have at most 16777216 bytes"
    );
    assert!(matches!(read(&" ".repeat(TEXT_LIMIT)).diagnostics[0].mistake(), Mistake::NoProtocol));
}
