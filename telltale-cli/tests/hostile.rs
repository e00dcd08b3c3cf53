//! What comes in when nobody is careful: pipes that break, files that are no text, files of any size.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

fn telltale() -> Command {
    Command::new(env!("CARGO_BIN_EXE_telltale"))
}

fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = telltale()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut pipe = child.stdin.take().expect("it has an input");
    let input = input.to_owned();
    // A command that does not read its input closes it.
    let writer = std::thread::spawn(move || pipe.write_all(&input).is_ok());
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("the writer does not panic");
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_owned()).expect("it is UTF-8")
}

const PING: &[u8] = b"protocol Ping(Alice, Bob) { Alice -> Bob: Ping; }";

#[test]
fn the_standard_input_is_a_file() {
    let output = run(&["check", "-"], PING);
    assert_eq!(text(&output.stdout), "1 protocol in 1 file, all sound\n");
    let output = run(&["fmt", "-"], PING);
    assert_eq!(text(&output.stdout), "protocol Ping(Alice, Bob) {\n    Alice -> Bob: Ping;\n}\n");
    let rust = [b"mod it { choreography! {", PING, b"} }"].concat();
    let output = run(&["check", "-"], &rust);
    assert_eq!(text(&output.stdout), "1 protocol in 1 file, all sound\n");
}

#[test]
fn the_standard_input_is_read_once() {
    for arguments in [&["check", "-", "-"][..], &["accepts", "-", "-"], &["compare", "-", "-"]] {
        let output = run(arguments, PING);
        let said = "error: the standard input, `-`, can be read only once\n";
        assert_eq!((output.status.code(), &*text(&output.stderr)), (Some(2), said));
    }
}

#[test]
fn a_broken_pipe_is_quiet() {
    let mut many = String::new();
    (0..3_000).for_each(|at| {
        let _ = writeln!(many, "protocol P{at}(Alice, Bob) {{ Alice -> Bob: Ping; }}");
    });
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("many.tell");
    std::fs::write(&path, many).expect("there is room");
    let mut child = telltale()
        .arg("show")
        .arg(&path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut pipe = child.stdout.take().expect("it has an output");
    pipe.read_exact(&mut [0; 10]).expect("there is something to read");
    drop(pipe);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
}

/// Who reads no more of what is said, of both kinds, can still ask for the verdict.
#[test]
fn a_broken_pipe_keeps_the_verdict() {
    let mut wrong = String::new();
    (0..3_000).for_each(|at| {
        let _ = writeln!(wrong, "protocol P{at}(Alice, Bob) {{ Alice -> Bod: Ping; }}");
    });
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("wrong.tell");
    std::fs::write(&path, wrong).expect("there is room");
    for arguments in [&["check"][..], &["check", "--format", "json"], &["fmt"], &["show"]] {
        let mut child = telltale()
            .args(arguments)
            .arg(&path)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        drop((child.stdout.take(), child.stderr.take()));
        assert_eq!(child.wait().expect("it ends").code(), Some(1), "{arguments:?}");
    }
}

#[test]
fn bytes_that_are_no_text() {
    let output = run(&["check", "-"], b"protocol Ping\xff(Alice, Bob) {}");
    assert_eq!(output.status.code(), Some(2));
    let expected = "error: cannot read `-`: it is not UTF-8, from byte 13 on\n";
    assert!(text(&output.stderr).starts_with(expected), "{}", text(&output.stderr));
    let output = run(&["fmt", "-"], b"\xff");
    assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(2), true));
}

/// What stands in a text decides what is said, but the command always comes to its end with one of its three answers.
#[test]
fn texts_that_are_no_protocols() {
    let deep = |open: &str, close: &str| [open.repeat(20_000), close.repeat(20_000)].concat();
    let texts = [
        String::new(),
        "\u{feff}".to_owned(),
        "\0".to_owned(),
        "}".to_owned(),
        "protocol".to_owned(),
        "choreography! {".to_owned(),
        "choreography! { protocol P(A, B) { A -> B: M; }".to_owned(),
        "/* protocol".to_owned(),
        "\"protocol".to_owned(),
        "protocol P(A, B) { A -> B: M(".to_owned(),
        deep("(", ")"),
        deep("{", "}"),
        format!("choreography! {}", deep("{", "}")),
        format!("protocol P(A, B) {{ {} }}", deep("loop {", "}")),
        format!("protocol P(A, B) {{ A -> B: M({}); }}", deep("Vec<", ">")),
        format!("protocol P(A, B) {{ A -> B: {}; }}", "x".repeat(100_000)),
        format!("// {}\n", "choreography! ".repeat(10_000)),
        format!("/*{}*/", "/* */".repeat(10_000)),
    ];
    for input in &texts {
        let short: String = input.chars().take(60).collect();
        for arguments in [
            &["check", "-"][..],
            &["check", "--format", "json", "-"],
            &["fmt", "-"],
            &["fmt", "--check", "-"],
            &["show", "-"],
            &["diagram", "-"],
            &["explore", "-"],
            &["simulate", "--runs", "3", "-"],
        ] {
            let output = run(arguments, input.as_bytes());
            assert!(
                matches!(output.status.code(), Some(0..=2)),
                "{arguments:?} {short:?}: {:?} {}",
                output.status,
                text(&output.stderr)
            );
        }
    }
}

/// Thousands of protocols cost a thousand times what one costs, and no more, whether they are sound or not.
#[test]
fn thousands_of_protocols() {
    let file = |count: usize, wrong: bool| {
        let mut file = String::new();
        for at in 0..count {
            let to = if wrong && at % 2 == 0 { "Bod" } else { "Bob" };
            let _ = writeln!(
                file,
                "protocol P{at}(Alice, Bob) {{\n    // Once.\n    Alice -> {to}: Ping;\n    loop {{ Bob -> Alice: Pong(u64); }}\n}}\n"
            );
        }
        file
    };
    let time = |arguments: &[&str], input: &str| -> Duration {
        let start = Instant::now();
        let output = run(arguments, input.as_bytes());
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}", text(&output.stderr));
        start.elapsed()
    };
    for wrong in [false, true] {
        let (few, many) = (file(200, wrong), file(2_000, wrong));
        for arguments in [&["check", "-"][..], &["check", "--format", "json", "-"], &["fmt", "-"]] {
            // Others may want the processor at the same time, but hardly whenever it is tried.
            let is_linear = |_| {
                let limit = time(arguments, &few) * 40 + Duration::from_millis(200);
                time(arguments, &many) < limit
            };
            assert!((0..5).any(is_linear), "{arguments:?}, some of them wrong: {wrong}");
        }
    }
    let output = run(&["fmt", "--check", "-"], file(4_000, false).as_bytes());
    let said = "standard input: not formatted, and too long to show the difference\n";
    assert_eq!((output.status.code(), &*text(&output.stdout)), (Some(1), said));
}

#[test]
fn a_block_for_each_of_thousands_of_functions() {
    let mut file = String::new();
    for at in 0..2_000 {
        let _ = writeln!(
            file,
            "fn f{at}() {{\n    choreography! {{\n        protocol P(Alice, Bob) {{\n            Alice -> Bob: Ping;\n        }}\n    }}\n}}"
        );
    }
    let output = run(&["check", "-"], file.as_bytes());
    assert_eq!(text(&output.stdout), "2000 protocols in 1 file, all sound\n");
    let output = run(&["fmt", "-"], file.as_bytes());
    assert_eq!(text(&output.stdout), file);
}

#[test]
fn what_cannot_be_written_is_an_error_with_its_path() {
    let output = run(&["diagram", "-", "-o", "/nowhere/at/all.svg"], PING);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.starts_with("error: cannot write `/nowhere/at/all.svg`: "), "{said}");
}

/// No file may grow as long as this one: it stays as it was.
#[cfg(unix)]
#[test]
fn a_full_disk_costs_no_file() {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("many.tell");
    let mut many = String::new();
    (0..1_000).for_each(|at| {
        let _ = writeln!(many, "protocol P{at}(Alice, Bob) {{ Alice -> Bob: Ping; }}");
    });
    std::fs::write(&path, &many).expect("there is room");
    let script = "ulimit -f 8; trap '' XFSZ; exec \"$@\"";
    let output = Command::new("sh")
        .args(["-c", script, "sh", env!("CARGO_BIN_EXE_telltale"), "fmt"])
        .arg(&path)
        .output()
        .expect("it ends");
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.starts_with("error: cannot write `"), "{said}");
    assert_eq!(std::fs::read_to_string(&path).expect("it can be read"), many);
    assert_eq!(std::fs::read_dir(folder.path()).expect("it is there").count(), 1);
}

#[cfg(unix)]
#[test]
fn what_is_formatted_stays_what_it_was() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().expect("there is room");
    let (file, link) = (folder.path().join("ping.tell"), folder.path().join("link.tell"));
    std::fs::write(&file, PING).expect("there is room");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o751)).expect("it is ours");
    symlink("ping.tell", &link).expect("there is room");
    let output = telltale().arg("fmt").arg(&link).output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    assert!(link.is_symlink());
    let mode = std::fs::metadata(&file).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o751);
    assert!(std::fs::read_to_string(&file).expect("it can be read").contains("\n    Alice"));
}

#[test]
fn folders_are_walked_but_for_what_git_ignores() {
    let folder = tempfile::tempdir().expect("there is room");
    let write = |name: &str, text: &[u8]| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("it is in a folder")).expect("there is room");
        std::fs::write(path, text).expect("there is room");
    };
    std::fs::create_dir(folder.path().join(".git")).expect("there is room");
    write(".gitignore", b"target\n");
    write("a/b/ping.tell", PING);
    write("a/notes.txt", b"protocol of a meeting");
    write("target/wrong.tell", b"protocol");
    let output = telltale().arg("check").current_dir(folder.path()).output().expect("it ends");
    assert_eq!(text(&output.stdout), "1 protocol in 1 file, all sound\n");
}

/// A pipe with the name of a protocol would be waited for; a link that leads nowhere is named.
#[cfg(unix)]
#[test]
fn folders_are_walked_but_for_pipes() {
    let folder = tempfile::tempdir().expect("there is room");
    std::fs::write(folder.path().join("ping.tell"), PING).expect("there is room");
    std::os::unix::fs::symlink("ping.tell", folder.path().join("link.tell"))
        .expect("there is room");
    let made = Command::new("mkfifo").arg(folder.path().join("f.tell")).status();
    assert!(made.expect("there is such a command").success());
    let output = telltale().arg("check").current_dir(folder.path()).output().expect("it ends");
    assert_eq!(text(&output.stdout), "2 protocols in 2 files, all sound\n");
    std::fs::remove_file(folder.path().join("ping.tell")).expect("it is there");
    let output = telltale().arg("check").current_dir(folder.path()).output().expect("it ends");
    let said = text(&output.stderr);
    assert!(said.starts_with("error: cannot read `link.tell`: "), "{said}");
}

#[test]
fn every_shell_and_a_manual() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = run(&["completions", shell], b"");
        assert!(text(&output.stdout).contains("simulate"), "{shell}");
    }
    let folder = tempfile::tempdir().expect("there is room");
    let output = telltale().arg("man").arg(folder.path()).output().expect("it ends");
    assert!(output.status.success());
    for page in ["telltale.1", "telltale-check.1", "telltale-explore.1"] {
        assert!(Path::new(&folder.path().join(page)).is_file(), "{page}");
    }
}

#[test]
fn colours_are_for_terminals() {
    let wrong = b"protocol Ping(Alice, Bob) { Alice -> Bod: Ping; }";
    let plain = run(&["check", "-"], wrong);
    let coloured = run(&["check", "-", "--color", "always"], wrong);
    assert!(!text(&plain.stdout).contains('\u{1b}'));
    assert!(text(&coloured.stdout).contains('\u{1b}'));
}
