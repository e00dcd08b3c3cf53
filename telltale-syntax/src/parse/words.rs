//! What was probably meant by a word that begins no statement.

use crate::instead::Instead;
use crate::similar::similar;

/// The words that begin statements, and one that is as good as one of them.
const OWN: [&str; 7] = ["choice", "loop", "break", "continue", "par", "do", "parallel"];

/// What to write instead of a statement that begins with a word; `next` is the word behind it.
pub(super) fn instead(word: &str, next: Option<&str>) -> Instead {
    known(word, next).or_else(|| known(&similar(word, OWN)?, next)).unwrap_or(Instead::Statement)
}

/// Whether a word begins statements, if it is not written in small letters.
pub(super) fn is_own(word: &str) -> bool {
    OWN.contains(&word.to_lowercase().as_str())
}

fn known(word: &str, next: Option<&str>) -> Option<Instead> {
    Some(match word.to_lowercase().as_str() {
        "choice" => Instead::Choice,
        "loop" => Instead::Loop,
        "break" | "leave" => Instead::Break,
        "continue" | "again" => Instead::Continue,
        "par" | "parallel" | "spawn" | "fork" | "concurrent" | "concurrently" | "both"
        | "interleave" | "join" | "async" => Instead::Par,
        "do" | "call" | "run" | "invoke" | "start" | "include" => Instead::Do,
        "rec" | "mu" | "μ" | "goto" | "jump" => Instead::Recursion { label: label(next) },
        "repeat" | "while" | "for" | "foreach" | "forever" | "until" | "iterate" => {
            Instead::Repetition
        }
        "if" | "else" | "elif" | "match" | "switch" | "case" | "select" | "when" | "unless"
        | "alt" | "opt" | "either" | "branch" | "choose" | "offer" | "option" | "optional"
        | "decide" => Instead::Decision,
        "timeout" | "after" | "sleep" | "wait" | "delay" | "within" | "deadline" | "timer"
        | "every" | "until_timeout" => Instead::Clock,
        "return" | "end" | "exit" | "stop" | "done" | "finish" | "quit" | "halt" | "close" => {
            Instead::End
        }
        "send" | "receive" | "recv" | "message" | "msg" | "tell" | "emit" | "reply" | "request"
        | "ask" | "notify" | "broadcast" | "await" | "from" => Instead::Message,
        "try" | "catch" | "finally" | "throw" | "raise" | "panic" | "abort" | "cancel"
        | "interrupt" | "error" | "fail" => Instead::Exception,
        "let" | "var" | "set" | "const" | "static" | "print" | "println" | "assert" | "assume"
        | "log" | "compute" | "check" => Instead::Alone,
        "fn" | "struct" | "enum" | "type" | "use" | "mod" | "impl" | "trait" | "pub" | "extern"
        | "import" => Instead::Item,
        "protocol" => Instead::InnerProtocol,
        "or" => Instead::Branch,
        "and" => Instead::Arm,
        _ => return None,
    })
}

/// The name of a loop, made of a name that was written for one.
fn label(name: Option<&str>) -> String {
    name.map_or_else(|| "again".to_owned(), str::to_lowercase)
}
