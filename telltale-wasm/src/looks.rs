//! What the roles of a session are doing.

use serde::Serialize;
use telltale_bytecode::{CodeImage, Instr};
use telltale_types::RoleId;
use telltale_vm::simulation::{CoroStatus, CoroutineView, SessionView};

/// What a role is doing, or one of the things that it does at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Look {
    /// Its name.
    pub role: String,
    /// Which of the things that it does at once; 0 if it is its own.
    pub lane: u8,
    /// `ready`, or what it waits for: `message`, `room`, `handler`, `lanes`; `paused` or `done`.
    pub status: &'static str,
    /// The instruction that comes next, by its place in the program.
    pub pc: usize,
    /// The roles for which it waits.
    pub waits_for: Vec<String>,
    /// Whether it may stop where it is.
    pub may_rest: bool,
}

/// What every role of a session is doing.
pub fn looks(session: &SessionView<'_>, image: &CodeImage) -> Vec<Look> {
    session.coroutines().map(|coroutine| look(&coroutine, image)).collect()
}

fn look(coroutine: &CoroutineView<'_>, image: &CodeImage) -> Look {
    let status = coroutine.status();
    let waits_for = match status {
        CoroStatus::AwaitsMessage | CoroStatus::AwaitsRoom => peers(coroutine, image),
        _ => Vec::new(),
    };
    Look {
        role: coroutine.role().to_owned(),
        lane: coroutine.lane(),
        status: word(status),
        pc: coroutine.pc(),
        waits_for: waits_for.iter().map(|role| image.names().role(*role).to_owned()).collect(),
        may_rest: status != CoroStatus::Halted && coroutine.may_rest(),
    }
}

fn peers(coroutine: &CoroutineView<'_>, image: &CodeImage) -> Vec<RoleId> {
    let mut peers = match coroutine.program().get(coroutine.pc()) {
        Some(Instr::Send { to: peer, .. } | Instr::Recv { from: peer, .. }) => vec![*peer],
        Some(Instr::Offer { set, .. } | Instr::Choose { set, .. }) => {
            image.branches(*set).iter().map(|branch| branch.peer).collect()
        }
        _ => Vec::new(),
    };
    peers.sort_unstable();
    peers.dedup();
    peers
}

fn word(status: CoroStatus) -> &'static str {
    match status {
        CoroStatus::Ready => "ready",
        CoroStatus::AwaitsMessage => "message",
        CoroStatus::AwaitsRoom => "room",
        CoroStatus::AwaitsHandler => "handler",
        CoroStatus::AwaitsSession => "session",
        CoroStatus::AwaitsLanes => "lanes",
        CoroStatus::Paused => "paused",
        CoroStatus::Halted => "done",
        _ => "outside",
    }
}
