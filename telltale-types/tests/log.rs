//! Logs from files: what is said of what does not fit, and what hostile files do.

use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read};
use std::time::{Duration, Instant};

use telltale_types::{
    GlobalExit, GlobalState, GlobalTerm, GlobalType, LINE_LIMIT, Label, LocalExit, LocalState,
    LocalTerm, LocalTypeR, LogError, LogEvent, Monitor, RoleId, WAY_LIMIT, json_lines,
};

fn send(peer: &str, label: &'static str, then: LocalTerm) -> LocalTerm {
    LocalTerm::send(peer, Label::new(label), then)
}

fn recv(peer: &str, label: &'static str, then: LocalTerm) -> LocalTerm {
    LocalTerm::recv(peer, Label::new(label), then)
}

fn close(term: &LocalTerm) -> LocalTypeR {
    term.close().expect("a local type")
}

/// `μt. Server!Ask. Server?{ Answer(u64). t, Full. end }`
fn client() -> LocalTypeR {
    let answers = LocalTerm::branch([
        ("Server", Label::with("Answer", "u64"), LocalTerm::var("t")),
        ("Server", Label::new("Full"), LocalTerm::end()),
    ]);
    close(&LocalTerm::mu("t", send("Server", "Ask", answers)))
}

fn said(local: &LocalTypeR, role: &str, log: impl AsRef<[u8]>) -> String {
    match local.accepts(role, json_lines(log.as_ref())) {
        Ok(accepted) => accepted.to_string(),
        Err(error) => error.to_string(),
    }
}

fn line(sender: &str, receiver: &str, label: &str) -> String {
    format!(r#"{{"sender": "{sender}", "receiver": "{receiver}", "label": "{label}"}}"#) + "\n"
}

fn ask() -> String {
    line("Client", "Server", "Ask")
}

fn answer() -> String {
    line("Server", "Client", "Answer")
}

#[test]
fn logs_of_one_role() {
    let other = line("Server", "Client", "Full");
    let told = r#"{"event": "send", "sender": "Server", "receiver": "Client", "label": "Full"}"#;
    let logs = [
        String::new(),
        ask(),
        ask() + &answer(),
        ask() + &other,
        ask() + told,
        ask() + "\n\r\n  \t\n" + &line("Server", "Client", "Answer(u64)") + &ask(),
        ask() + &line("Server", "Client", "Answer(u8)"),
        ask() + &ask(),
        ask() + &other + &ask(),
        ask() + &line("Server", "Client", "Nothing"),
        ask() + &line("Bank", "Client", "Full"),
        line("Client", "Client", "Ask"),
        "{\"sender\": \"Client\"}".to_owned(),
        ask() + "not json",
        "[]".to_owned(),
        "[\"exchange\", \"Client\", \"Server\", \"Ask\", 0]".to_owned(),
        "null".to_owned(),
        "{\"event\": \"drop\", \"sender\": \"Client\", \"receiver\": \"Server\", \"label\": \"Ask\"}".to_owned(),
        ask() + &ask().replace('}', ", \"channel\": 99999999}"),
        ask().replace("Ask", "A\\u0000sk\\u001b[31m\\n"),
        ask().replace("Client", "\\u001b[31m"),
    ];
    let texts = logs.map(|log| format!("{}{}\n", log, said(&client(), "Client", &log)));
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn what_is_written_is_read_back() {
    let events = [
        LogEvent::exchange("A", "B", "x"),
        LogEvent::sent("A", "B", "\"\n\u{2028}"),
        LogEvent::received("A", "B", "Pair(u8, u8)").on_channel(7),
    ];
    let lines = events.clone().map(|event| serde_json::to_string(&event).expect("it is text"));
    let read: Vec<LogEvent> =
        json_lines(lines.join("\n").as_bytes()).map(|line| line.expect("an event")).collect();
    let lines = (1..).map(Some);
    let with_lines = events.into_iter().zip(lines).map(|(event, line)| LogEvent { line, ..event });
    assert_eq!(read, with_lines.collect::<Vec<_>>());
}

#[test]
fn a_type_is_that_of_some_roles_only() {
    let names = ["Server", "Anybody"].map(|role| match Monitor::of_role(&client(), role) {
        Ok(_) => format!("{role}: yes"),
        Err(error) => error.to_string(),
    });
    assert_eq!(
        names,
        [
            "the type is not that of a role `Server`, but of `somebody else`".to_owned(),
            "Anybody: yes".to_owned()
        ]
        .map(|text| text.replace("`somebody else`", "somebody else")),
    );
}

/// A hundred thousand lines, made while they are read.
struct Lines {
    left: usize,
    text: Vec<u8>,
}

impl Read for Lines {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.text.is_empty() && self.left > 0 {
            self.left -= 1;
            self.text = (ask() + &answer()).into_bytes();
        }
        let count = self.text.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.text[..count]);
        self.text.drain(..count);
        Ok(count)
    }
}

fn long_log(rounds: usize) -> impl BufRead {
    BufReader::new(Lines { left: rounds, text: Vec::new() })
}

#[test]
fn a_long_log_is_read_while_it_is_checked() {
    let accepted = client().accepts("Client", json_lines(long_log(50_000))).expect("it fits");
    assert_eq!((accepted.events, accepted.is_complete()), (100_000, false));
}

/// What comes late costs what comes early costs. (Only if it were far more would that be told from noise.)
#[test]
fn an_event_costs_the_same_wherever_it_is() {
    let time = |rounds: usize| {
        let from = Instant::now();
        client().accepts("Client", json_lines(long_log(rounds))).expect("it fits");
        from.elapsed()
    };
    let (short, long) = (time(2_000), time(40_000));
    assert!(long < 20 * 8 * short + Duration::from_secs(5), "{short:?}, {long:?}");
}

#[test]
fn a_line_without_end_is_an_error() {
    let endless = BufReader::new(io::repeat(b'x'));
    let error = client().accepts("Client", json_lines(endless)).expect_err("that is no event");
    assert_eq!(
        error.to_string(),
        format!("line 1: longer than {LINE_LIMIT} bytes, which no event is")
    );

    let padded = ask().trim_end().to_owned() + &" ".repeat(LINE_LIMIT as usize);
    let mut lines = json_lines(padded.as_bytes());
    assert!(lines.next().is_some_and(|line| line.is_err()) && lines.next().is_none());
}

/// Only in front of everything: elsewhere it is a mistake.
#[test]
fn the_mark_of_an_editor_is_skipped() {
    let marked = format!("\u{feff}{}", ask());
    assert_eq!(said(&client(), "Client", &marked), said(&client(), "Client", ask()));
    assert_eq!(said(&client(), "Client", "\u{feff}"), said(&client(), "Client", ""));
    let twice = ask() + "\u{feff}" + &answer();
    assert!(said(&client(), "Client", twice).starts_with("line 2, column 1: "));
}

#[test]
fn hostile_lines_are_errors() {
    let deep = [
        "[".repeat(100_000),
        "{\"a\":".repeat(100_000),
        format!("{{\"sender\": {}", "[".repeat(100_000)),
        format!("{{\"extra\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000)),
    ];
    for text in deep {
        let error = said(&client(), "Client", &text);
        assert!(error.starts_with("line 1, column "), "{error}");
    }
    // Bytes of all kinds, alone and in the middle of a line.
    for byte in 0..=u8::MAX {
        let whole = ask().into_bytes();
        for at in 0..whole.len() - 1 {
            let mut changed = whole.clone();
            changed[at] = byte;
            let result = client().accepts("Client", json_lines(&changed[..]));
            assert!(result.is_err() || result.is_ok_and(|accepted| accepted.events <= 1));
        }
    }
}

/// A reader that fails.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is gone"))
    }
}

#[test]
fn an_error_of_the_reader_has_a_line() {
    let log = ask();
    let reader = BufReader::new(log.as_bytes().chain(Broken));
    let error = client().accepts("Client", json_lines(reader)).expect_err("it cannot be read");
    assert_eq!(error.to_string(), "line 2: the disk is gone");
}

fn three() -> (GlobalType, [LocalTypeR; 3]) {
    let message = |from, to, label, then| GlobalTerm::send(from, to, Label::new(label), then);
    let global =
        message("A", "B", "x", message("B", "C", "y", message("C", "A", "z", GlobalTerm::end())));
    let global = global.close().expect("a global type");
    let part = |sends: (&'static str, &'static str), takes: (&'static str, &'static str), first| {
        let (to, from) = (sends.0, takes.0);
        if first {
            send(to, sends.1, recv(from, takes.1, LocalTerm::end()))
        } else {
            recv(from, takes.1, send(to, sends.1, LocalTerm::end()))
        }
    };
    let parts = [
        part(("B", "x"), ("C", "z"), true),
        part(("C", "y"), ("A", "x"), false),
        part(("A", "z"), ("B", "y"), false),
    ];
    (global, parts.map(|part| close(&part)))
}

#[test]
fn parts_have_to_have_the_names_of_the_protocol() {
    let (global, [a, ..]) = three();
    let error = Monitor::of_roles(&global, [("A", &a)]).expect_err("they number names differently");
    assert!(matches!(error, LogError::NotItsRole { .. }), "{error}");
}

/// In which of many lanes something was sent is not said, and it is not received.
#[test]
fn there_is_a_limit_to_what_is_tried() {
    let arm = |label: &str| {
        let again = LocalTerm::select([
            ("B", Label::new("x"), LocalTerm::var("t")),
            ("B", Label::new(label.to_owned()), LocalTerm::end()),
        ]);
        LocalTerm::mu("t", LocalTerm::send("B", Label::new("x"), again))
    };
    // After `x`, each of thirty arms may have begun or not.
    let labels: Vec<String> = (0..30).map(|nth| format!("stop{nth}")).collect();
    let many = close(&LocalTerm::par(labels.iter().map(|label| arm(label)), LocalTerm::end()));
    let log = (0..30).map(|_| LogEvent::exchange("A", "B", "x"));
    let error = many.accepts("A", log).expect_err("there are too many possibilities");
    assert!(matches!(error, LogError::TooManyWays { limit: WAY_LIMIT, .. }), "{error}");
    assert_eq!(
        error.to_string(),
        format!(
            "event 3: so far the log can be understood in more than {WAY_LIMIT} ways; give the `channel` of its events"
        )
    );
}

#[test]
fn long_lists_are_cut_off() {
    let branches = (0..40).map(|nth| ("B", Label::new(format!("m{nth}")), LocalTerm::end()));
    let many = close(&LocalTerm::select(branches));
    let mut text = String::new();
    for log in ["", &line("A", "B", "nothing")] {
        let _ = writeln!(text, "{}", said(&many, "A", log));
    }
    text += &said(&many, "A", line("A", "B", &"long".repeat(1_000)));
    insta::assert_snapshot!(text);
}

/// Two arms in which `A` sends to `B`, and a message behind them; with the part of each.
fn side_by_side() -> (GlobalType, [LocalTypeR; 2]) {
    let message = |label, then| GlobalTerm::send("A", "B", Label::new(label), then);
    let arm = |last| message("x", message(last, GlobalTerm::end()));
    let global = GlobalTerm::par([arm("y"), arm("z")], message("bye", GlobalTerm::end()));
    let global = global.close().expect("a global type");
    let local = |exit: GlobalExit, role| {
        let action = exit.action(role).expect("both take part in everything");
        LocalExit { action, target: exit.target }
    };
    let part = |role| {
        let states = global.states().map(|state| match global.state(state) {
            GlobalState::Exits(exits) => LocalState::Exits {
                may_end: exits.is_empty(),
                exits: exits.into_iter().map(|exit| local(exit, role)).collect(),
            },
            GlobalState::Par(par) => LocalState::Par(par),
            GlobalState::ArmEnd => LocalState::ArmEnd,
        });
        LocalTypeR::new(global.names().clone(), states.collect()).expect("a local type")
    };
    let parts = [RoleId(0), RoleId(1)].map(part);
    (global, parts)
}

#[test]
fn channels_are_those_of_the_protocol() {
    let (global, [a, b]) = side_by_side();
    let on = |label, channel| LogEvent::exchange("A", "B", label).on_channel(channel);
    let arms = [on("x", 1), on("x", 2), on("z", 2), on("y", 1)];
    let logs = [
        vec![on("x", 1), on("x", 1)],
        vec![on("x", 1), on("y", 2)],
        vec![on("x", 1), on("z", 1)],
        vec![on("x", 9)],
        vec![on("x", 0)],
        [&arms[..], &[on("bye", 0)]].concat(),
        [&arms[..], &[on("bye", 1)]].concat(),
        vec![
            LogEvent::sent("A", "B", "x").on_channel(2),
            LogEvent::received("A", "B", "x").on_channel(1),
        ],
    ];
    let mut text = String::new();
    for log in logs {
        let shown = log.iter().map(|event| format!("{event} on {}", event.channel.unwrap_or(0)));
        let _ = writeln!(text, "{}", shown.collect::<Vec<_>>().join(", "));
        let all = Monitor::of_roles(&global, [("A", &a), ("B", &b)])
            .expect("its parts")
            .check(log.clone());
        let one = Monitor::of_roles(&global, [("B", &b)]).expect("its part").check(log.clone());
        for (watched, result) in [("both", all), ("one", one), ("part", b.accepts("B", log))] {
            let said =
                result.map_or_else(|error| error.to_string(), |accepted| accepted.to_string());
            let _ = writeln!(text, "  {watched}: {}", said.replace('\n', "\n  "));
        }
    }
    insta::assert_snapshot!(text);
}

/// A pair with one channel uses number 0, which is known from one part.
#[test]
fn the_one_channel_of_a_pair_is_known_from_a_part() {
    let on = |label, channel| LogEvent::exchange("Client", "Server", label).on_channel(channel);
    assert!(client().accepts("Client", [on("Ask", 0)]).is_ok());
    let error = client().accepts("Client", [on("Ask", 3)]).expect_err("there is no such channel");
    assert_eq!(
        error.to_string(),
        "event 1: `Server!Ask` on channel 3 does not fit; expected `Server!Ask` on channel 0"
    );
    let other = LogEvent::exchange("Server", "Client", "Ask").on_channel(0);
    let error = client().accepts("Client", [other]).expect_err("the server asks nothing");
    assert_eq!(error.to_string(), "event 1: `Server?Ask` does not fit; expected `Server!Ask`");
}

/// `x` may be that of the one arm or of the other, until `z` comes.
#[test]
fn what_was_done_is_that_of_a_way_that_fits() {
    let arm = |label| recv("A", "x", recv("A", label, LocalTerm::end()));
    let both = close(&LocalTerm::par([arm("y"), arm("z")], LocalTerm::end()));
    let mut monitor = Monitor::of_role(&both, "B").expect("its part").counting();
    for label in ["x", "z", "x"] {
        monitor.observe(&LogEvent::exchange("A", "B", label)).expect("it fits");
        assert_eq!(monitor.ended().count(), 0);
    }
    monitor.observe(&LogEvent::exchange("A", "B", "y")).expect("it fits");
    let done: Vec<(String, u64)> = monitor
        .counts()
        .map(|(_, _, action, count)| (action.display(both.names()), count))
        .collect();
    let once = |label: &str| (format!("A?{label}"), 1);
    assert_eq!(done, [once("x"), once("y"), once("x"), once("z")]);
    assert_eq!(monitor.ended().count(), 1);
}

/// Somebody else may still have something to do.
#[test]
fn who_can_do_nothing_more_has_ended() {
    let (global, [a, b]) = side_by_side();
    let mut monitor = Monitor::of_roles(&global, [("A", &a), ("B", &b)]).expect("its parts");
    let arms = ["x", "x", "y", "z"].map(|label| LogEvent::exchange("A", "B", label));
    for event in arms.into_iter().chain([LogEvent::sent("A", "B", "bye")]) {
        assert_eq!(monitor.ended().count(), 0);
        monitor.observe(&event).expect("it fits");
    }
    assert_eq!(monitor.ended().collect::<Vec<_>>(), [RoleId(0)]);
    monitor.observe(&LogEvent::received("A", "B", "bye")).expect("it fits");
    assert_eq!(monitor.ended().collect::<Vec<_>>(), [RoleId(0), RoleId(1)]);
}
