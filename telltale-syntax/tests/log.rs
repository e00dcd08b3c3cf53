//! What a log should have had, at the lines of the protocol.

use telltale_syntax::analyse_str;
use telltale_theory::{AcceptError, accepts};
use telltale_types::{LogError, LogEvent};

/// Holds a log against a protocol, and explains what does not fit.
fn explained(text: &str, log: &[(&str, &str, &str)]) -> String {
    let analysis = analyse_str(text);
    let protocol = analysis.protocols.last().expect("there is a protocol");
    let lowered = protocol.lowered.as_ref().expect("there are no mistakes");
    let log = log.iter().map(|(from, to, label)| LogEvent::exchange(*from, *to, *label));
    match accepts(&lowered.global, log) {
        Err(AcceptError::Log(LogError::Unfit(unfit))) => lowered.source.explain(&unfit),
        Err(error) => panic!("{error}"),
        Ok(accepted) => panic!("{accepted}"),
    }
}

const CALLS: &str = "\
protocol Ask(Asker, Asked) {
    Asker -> Asked: Question;
    choice at Asked {
        Asked -> Asker: Yes;
    } or {
        Asked -> Asker: No;
    }
}
protocol Talk(Ann, Ben, Cem) {
    loop {
        choice at Ann {
            Ann -> Ben, Cem: Again;
        } or {
            Ann -> Ben, Cem: Stop;
            break;
        }
        do Ask(Ben, Ann);
        par {
            Ann -> Ben: Left;
        } and {
            Ben -> Ann: Right;
            Ben -> Ann: Right;
        }
    }
    Ben -> Cem: Bye;
}";

#[test]
fn what_was_expected_has_lines() {
    let begin = [("Ann", "Ben", "Again"), ("Ann", "Cem", "Again")];
    let asked = [&begin[..], &[("Ben", "Ann", "Question"), ("Ann", "Ben", "Yes")]].concat();
    let logs = [
        vec![("Ben", "Cem", "Bye")],
        [&begin[..], &[("Ben", "Cem", "Bye")]].concat(),
        [&begin[..], &[("Ben", "Ann", "Question"), ("Ann", "Ben", "Maybe")]].concat(),
        [&asked[..], &[("Ann", "Ben", "Stop")]].concat(),
        [&asked[..], &[("Ben", "Ann", "Right"), ("Ben", "Ann", "Left")]].concat(),
    ];
    let texts: Vec<String> = logs.iter().map(|log| explained(CALLS, log)).collect();
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn many_lines_are_cut_off() {
    let branches: Vec<String> = (0..20).map(|nth| format!("{{\n A -> B: M{nth};\n}}")).collect();
    let text = format!("protocol P(A, B) {{ choice at A {} }}", branches.join(" or "));
    insta::assert_snapshot!(explained(&text, &[("B", "A", "M0")]));
}
