//! A session has room for so much at once. A protocol that needs more is refused where it is read, not where it is run.

use std::fmt::Write as _;

use telltale_syntax::{Analysis, analyse_str, project, project_all};

/// Two roles that talk to each other in so many arms.
fn arms(count: usize) -> Analysis {
    let mut text = "\nprotocol Wide(Ann, Ben) {\n    par { Ann -> Ben: X; }".to_owned();
    for _ in 1..count {
        let _ = write!(text, " and {{ Ann -> Ben: X; }}");
    }
    let analysis = analyse_str(&(text + "\n}"));
    assert!(analysis.diagnostics.is_empty(), "each arm is right");
    analysis
}

#[test]
fn as_much_as_there_is_room_for() {
    let analysis = arms(126);
    let projected = project(&analysis.protocols[0]).expect("254 coroutines, 126 channels");
    assert!(telltale_types::check_at_once(&projected.global, projected.locals.values()).is_ok());
}

#[test]
fn one_arm_more() {
    let analysis = arms(127);
    let results = [project(&analysis.protocols[0]), project_all(&analysis).remove(0)];
    for result in results {
        let diagnostics = result.expect_err("there are too few coroutines");
        let [diagnostic] = &diagnostics[..] else { panic!("{diagnostics:?}") };
        assert_eq!(
            diagnostic.mistake().to_string(),
            "the roles do so much at once that a session needs 256 coroutines, but it can have at most 255"
        );
        assert_eq!((diagnostic.start().line, diagnostic.start().column), (2, 9));
        assert_eq!(diagnostic.help().as_deref(), Some("make several protocols of it"));
    }
}
