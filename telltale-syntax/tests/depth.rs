//! However deep a text nests, to read it, print it and let go of it takes little of the stack.

use std::thread;

use telltale_syntax::{Mistake, analyse_str};

/// What a thread may have at least, in bytes; an optimised program needs a fraction of it.
const STACK: usize = 1 << 20;

const DEPTHS: [usize; 7] = [1, 8, 30, 127, 129, 2_800, 10_000];

/// The first mistake in a text, after everything was done with it that recurses over what was read.
fn first_mistake(source: &str) -> Option<Mistake> {
    first_mistake_in(thread::Builder::new(), source.to_owned())
}

fn first_mistake_in(thread: thread::Builder, source: String) -> Option<Mistake> {
    let reader = thread.stack_size(STACK).spawn(move || {
        let analysis = analyse_str(&source);
        let again = analysis.clone();
        assert_eq!(again.ast.to_string(), analysis.ast.to_string());
        assert!(!format!("{analysis:?}").is_empty());
        for diagnostic in &analysis.diagnostics {
            assert!(!diagnostic.to_compile_error().is_empty());
        }
        analysis.diagnostics.first().map(|diagnostic| diagnostic.mistake().clone())
    });
    reader.expect("there can be threads").join().expect("reading does not panic")
}

fn is_too_deep(mistake: Option<&Mistake>) -> bool {
    matches!(
        mistake,
        Some(Mistake::TypeTooDeep { limit: 128 } | Mistake::NestedTooDeep { limit: 128 })
    )
}

fn blocks(open: &str, close: &str, depth: usize) -> String {
    let goodbye = "A -> B: X;";
    format!("protocol P(A, B) {{ {}{goodbye}{} }}", open.repeat(depth), close.repeat(depth))
}

#[test]
fn blocks_nest_up_to_the_limit() {
    for (open, close) in [
        ("loop {", "}"),
        ("par {", "} and {}"),
        ("loop { A -> B: Y; choice at A {", "} or { A -> B: Z; } }"),
        ("choice at A { A -> B: Y;", "} or { A -> B: Z; }"),
    ] {
        let braces = open.matches('{').count();
        for depth in DEPTHS {
            let mistake = first_mistake(&blocks(open, close, depth / braces));
            assert_eq!(
                is_too_deep(mistake.as_ref()),
                depth / braces * braces > 127,
                "{open} {depth}"
            );
        }
    }
}

#[test]
fn unclosed_blocks_may_be_many() {
    for depth in DEPTHS {
        let mistake = first_mistake(&blocks("loop {", "", depth));
        assert!(matches!(mistake, Some(Mistake::UnclosedDelimiter { delimiter: '{' })));
    }
}

/// Ways in which a type is a part of another.
const TYPES: [(&str, &str); 22] = [
    ("Vec<", ">"),
    ("(", ",)"),
    ("((", "))"),
    ("[", "; 1]"),
    ("[", "]"),
    ("&'static ", ""),
    ("&'static mut ", ""),
    ("fn(", ")"),
    ("fn(a: ", ", ...)"),
    ("*const ", ""),
    ("fn() -> ", ""),
    ("Box<dyn Fn() -> ", ">"),
    ("Box<dyn Fn(", ")>"),
    ("Box<dyn for<'a> A<'a, ", ">>"),
    ("impl Fn() -> ", ""),
    ("A<{ |a, b| ", "}>"),
    ("A<u8, &'static ", ">"),
    ("<", " as A>::B"),
    ("Box<dyn A<B = ", ">>"),
    ("A<B: C<", ">>"),
    ("m!(", ")"),
    ("fn(#[a(", ")] u8)"),
];

#[test]
fn types_nest_up_to_the_limit() {
    for (open, close) in TYPES {
        for depth in DEPTHS {
            let ty = format!("{}u8{}", open.repeat(depth), close.repeat(depth));
            let mistake = first_mistake(&format!("protocol P(A, B) {{ A -> B: X({ty}); }}"));
            assert!(is_too_deep(mistake.as_ref()) || depth < 129, "{open} {depth}: {mistake:?}");
            assert!(!is_too_deep(mistake.as_ref()) || depth > 8, "{open} {depth}: {mistake:?}");
        }
    }
}

/// Ways in which an expression is a part of another: in front, around, and behind.
const EXPRESSIONS: [(&str, &str); 77] = [
    ("(", ")"),
    ("(", ",)"),
    ("{", "}"),
    ("[", "]"),
    ("[", "; 1]"),
    ("-", ""),
    ("!", ""),
    ("*", ""),
    ("a = ", ""),
    ("|a, b| ", ""),
    ("|a: A| -> A { ", "}"),
    ("return ", ""),
    ("if a { b } else ", "{}"),
    ("if ", "{}"),
    ("if let A = ", "{}"),
    ("match a { _ => ", "}"),
    ("match a { _ if ", "=> 1 }"),
    ("match ", "{}"),
    ("&", ""),
    ("&mut ", ""),
    ("&raw const ", ""),
    ("..", ""),
    ("..=", ""),
    ("f(", ")"),
    ("f(1, ", ")"),
    ("a.b(", ")"),
    ("a::<", ">"),
    ("<A as B<{", "}>>::C"),
    ("a as A<", ">"),
    ("a + b * c == ", ""),
    ("a < ", ""),
    ("a && ", ""),
    ("a || ", ""),
    ("|| ", ""),
    ("move || ", ""),
    ("a += ", ""),
    ("a .. ", ""),
    ("a - ", ""),
    ("unsafe { ", "}"),
    ("const { ", "}"),
    ("async move {", "}"),
    ("break ", ""),
    ("break 'a ", ""),
    ("'a: loop {", "}"),
    ("for a in ", "{}"),
    ("while ", "{}"),
    ("let A(", ") = a"),
    ("let &", " = a"),
    ("S { a: ", "}"),
    ("S { ..", "}"),
    ("m!(", ")"),
    ("#[a] ", ""),
    ("#[a = ", "] 1"),
    ("{ fn f() ", "}"),
    ("{ fn f(a: [u8; ", "]) {} }"),
    ("{ let a = ", "; }"),
    ("{ let a: A<", "> = 1; }"),
    ("{ let Some(", ") = a else { b }; }"),
    ("{ struct S { a: ", "} }"),
    ("{ mod m { fn f() {", "} } }"),
    ("{ impl A for ", "{} }"),
    ("{ use a::{", "}; }"),
    ("{ macro_rules! m { () => {", "} } }"),
    ("", "+ 1"),
    ("", "- a * 2"),
    ("", "?"),
    ("", "()"),
    ("", "(a)"),
    ("", "[0]"),
    ("", " as u8"),
    ("", ".a"),
    ("", ".0"),
    ("", ".a()"),
    ("", ".a::<A>(b)?"),
    ("", ".await"),
    ("", ".."),
    ("", "; 1"),
];

#[test]
fn expressions_nest_up_to_the_limit() {
    for (open, close) in EXPRESSIONS {
        for depth in DEPTHS {
            let expression = format!("{}a{}", open.repeat(depth), close.repeat(depth));
            for ty in [
                format!("[u8; {expression}]"),
                format!("A<{{ {expression} }}>"),
                format!("fn(#[a = {expression}] u8)"),
            ] {
                let mistake =
                    first_mistake(&format!("protocol P(A, B) {{ A -> B: X {{ a: {ty} }}; }}"));
                assert!(
                    is_too_deep(mistake.as_ref()) || depth < 129,
                    "{ty:.80} {depth}: {mistake:?}"
                );
                assert!(
                    !is_too_deep(mistake.as_ref()) || depth > 8,
                    "{ty:.80} {depth}: {mistake:?}"
                );
            }
        }
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

/// Some ways to nest, taken in turns or at random; sometimes a piece is lost.
fn mixture(random: &mut Random) -> String {
    let depth = DEPTHS[random.below(DEPTHS.len())];
    let ways: Vec<(&str, &str)> = (0..=random.below(4))
        .map(|_| match random.below(TYPES.len() + EXPRESSIONS.len()) {
            at if at < TYPES.len() => TYPES[at],
            at => EXPRESSIONS[at - TYPES.len()],
        })
        .collect();
    let (mut before, mut after) = (String::new(), Vec::new());
    for at in 0..depth {
        let turn = if random.below(2) == 0 { at % ways.len() } else { random.below(ways.len()) };
        let (open, close) = ways[turn];
        before.push_str(open);
        after.push(close);
    }
    if random.below(4) == 0 {
        after.remove(random.below(after.len()));
    }
    after.reverse();
    format!("{before}a{}", after.concat())
}

#[test]
fn mixtures_nest_up_to_the_limit() {
    for seed in 0..500 {
        let mut random = Random(seed);
        let inside = mixture(&mut random);
        let ty = match random.below(4) {
            0 => inside,
            1 => format!("[u8; {inside}]"),
            2 => format!("A<{{ {inside} }}>"),
            _ => format!("{inside}, {}", mixture(&mut random)),
        };
        // Should the stack not be enough, the seed is said with the name of the thread.
        let thread = thread::Builder::new().name(format!("seed {seed}"));
        first_mistake_in(thread, format!("protocol P(A, B) {{ A -> B: X({ty}); }}"));
    }
}
