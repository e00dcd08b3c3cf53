//! What is said when some role cannot know what to do, and whether it helps.
//!
//! The cases stand in `tests/projection/*.txt`, one file per topic: `=== name`, a choreography, `---`, and what is
//! said about it. `TELLTALE_BLESS=1` writes what is said now into the files.

use std::fs;
use std::path::{Path, PathBuf};

use telltale_syntax::{Diagnostic, Style, analyse_str, project, project_all, render};

#[test]
fn every_violation_is_explained() {
    for_each_case(|name, source| {
        let diagnostics = diagnostics(source);
        assert!(!diagnostics.is_empty(), "`{name}` projects");
        let texts: Vec<String> = diagnostics.iter().map(|one| format!("{one}\n")).collect();
        let rendered = render(&diagnostics, "protocol", source, Style::Plain);
        format!("{}---\n{rendered}", texts.join("\n"))
    });
}

/// What is wrong with a choreography that can be analysed.
fn diagnostics(source: &str) -> Vec<Diagnostic> {
    let analysis = analyse_str(source);
    let mistakes: Vec<String> = analysis.diagnostics.iter().map(ToString::to_string).collect();
    assert!(mistakes.is_empty(), "{}\n\n{source}", mistakes.join("\n\n"));
    project_all(&analysis).into_iter().filter_map(Result::err).flatten().collect()
}

fn for_each_case(said: impl Fn(&str, &str) -> String) {
    for file in case_files() {
        let before = fs::read_to_string(&file).expect("the file can be read");
        let answer = |case: &str| {
            let (name, rest) = case.split_once('\n').expect("a case begins with its name");
            let source = rest.split_once("---\n").map_or(rest, |(source, _)| source);
            format!("=== {name}\n{source}---\n{}\n", said(name, source))
        };
        let now: String = before.split("=== ").skip(1).map(answer).collect();
        if std::env::var_os("TELLTALE_BLESS").is_some() {
            fs::write(&file, now).expect("the file can be written");
        } else {
            assert_same(&before, &now, &file);
        }
    }
}

fn case_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projection");
    let entries = fs::read_dir(folder).expect("the folder can be read");
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.expect("the entry can be read").path()).collect();
    files.sort();
    files
}

fn assert_same(before: &str, now: &str, file: &Path) {
    for (before, now) in before.split("=== ").zip(now.split("=== ")) {
        assert!(before == now, "in {}, expected\n{before}\nbut got\n{now}", file.display());
    }
    assert_eq!(before, now);
}

/// The local type of every role of the last protocol of a text.
fn locals(source: &str) -> Vec<String> {
    let analysis = analyse_str(source);
    let last = analysis.protocols.last().expect("there is a protocol");
    let projected = project(last).unwrap_or_else(|wrong| panic!("{source}\n{wrong:?}"));
    projected.locals.iter().map(|(role, local)| format!("{role}: {local}")).collect()
}

#[test]
fn what_can_be_implemented_projects() {
    // The first message tells Carol, from whomever it comes.
    locals(
        "protocol P(Alice, Bob, Carol) {
             choice at Alice { Alice -> Bob: Left; Bob -> Carol: M; } or { Alice -> Carol: Right; Carol -> Bob: N; }
         }",
    );
    // Bob waits for Alice in every round, or in the next.
    locals(
        "protocol P(Alice, Bob, Carol) {
             loop {
                 Alice -> Bob: Foo;
                 choice at Carol { Carol -> Alice: Bar; Alice -> Bob: Baz; } or { Carol -> Alice: Qux; }
             }
         }",
    );
    // Rick answers between the two values, so that they cannot overtake each other.
    locals(
        "protocol P(Paula, Quin, Rick) {
             choice at Paula {
                 Paula -> Quin: One;
                 Quin -> Rick: Value; Rick -> Paula: Ok; Paula -> Rick: Value;
             } or {
                 Paula -> Quin: Two;
                 Paula -> Rick: Value; Rick -> Quin: Ok; Quin -> Rick: Value;
             }
         }",
    );
    let joined = locals("protocol P(Alice, Bob, Carol) { Alice -> Carol: X; Bob -> Carol: Y; }");
    assert_eq!(joined[2], "Carol: Alice?X. Bob?Y. end");
}

#[test]
fn a_silent_end_can_be_allowed() {
    let source = "#[allow(silent_end)]
        protocol P(Alice, Bob, Carol) {
            choice at Alice { Alice -> Bob: Short; } or { Alice -> Bob: Long; Alice -> Carol: Extra; }
        }";
    assert_eq!(locals(source)[2], "Carol: &{Alice?Extra. end, end}");
}

#[test]
fn the_example_of_the_reference() {
    let talk = "
        choice at Alice {
            Alice -> Bob: Left;
            Carol -> Bob: X;
        } or {
            Alice -> Bob: Right;
            Carol -> Bob: Y;
        }";
    let source = format!("protocol Talk(Alice, Bob, Carol) {{{}{talk}\n}}", "\n".repeat(9));
    let said = diagnostics(&source)[0].text();
    let expected = "\
`Carol` cannot know whether to send `X` or `Y` to `Bob`

  `Alice` decides at line 11, and `Carol` is not told:
    line 13, if `Alice -> Bob: Left`,   then `Carol -> Bob: X`
    line 16, if `Alice -> Bob: Right`,  then `Carol -> Bob: Y`
  `Carol` has seen nothing so far in both.
  a run that goes wrong:  Alice!Bob:Right  Bob?Alice:Right  Carol!Bob:X
  help: let `Alice` or `Bob` tell `Carol` first, with a different message in each branch
    insert `Alice -> Carol: Left;`   after line 12, `Alice -> Bob: Left`
    insert `Alice -> Carol: Right;`  after line 15, `Alice -> Bob: Right`";
    assert_eq!(said, expected);
}

#[test]
fn nothing_is_projected_where_there_are_mistakes() {
    let analysis = analyse_str("protocol P(Alice, Bob) { Alice -> Bbo: X; }");
    assert!(project(&analysis.protocols[0]).is_err_and(|wrong| wrong.is_empty()));
    assert!(project_all(&analysis)[0].as_ref().is_err_and(Vec::is_empty));
}

#[test]
fn of_many_errors_the_first_are_explained() {
    let untold = |nth| {
        format!(
            "choice C{nth} at Alice {{ Alice -> Bob: L{nth}; Carol -> Bob: X{nth}; }}
             or {{ Alice -> Bob: R{nth}; Carol -> Bob: Y{nth}; }}\n"
        )
    };
    let untold = (1..=40).map(untold).collect::<Vec<_>>().concat();
    let said = diagnostics(&format!("protocol Talk(Alice, Bob, Carol) {{\n{untold}}}"));
    assert_eq!(said.len(), 21);
    assert!(said[19].to_string().starts_with("line 40, column 42: `Carol`"), "{}", said[19]);
    let rest = "line 1, column 10: `Talk` is wrong in 20 more ways like these\nhelp: put these right first";
    assert_eq!(said[20].to_string(), rest);
}

#[test]
fn what_is_too_hard_is_said_so() {
    // When `End` can come, only the whole past tells Carol.
    let bit = "choice at Alice { Alice -> Carol: Zero; } or { Alice -> Carol: One; }";
    let source = format!(
        "protocol Digits(Alice, Bob, Carol) {{
             loop {{
                 {bit}
                 choice More at Alice {{ Alice -> Bob: Stay; }} or {{ Alice -> Bob: Go; break; }}
             }}
             Alice -> Carol: One;
             {}
             Alice -> Carol: End;
         }}",
        bit.repeat(20),
    );
    let said: Vec<String> = diagnostics(&source).iter().map(ToString::to_string).collect();
    let expected = "line 1, column 10: this protocol is too large to check: \
         the machine of `Carol` has 131073 states or more, but the limit is 131072\n\
         help: make several protocols of it";
    assert_eq!(said, [expected]);
}
