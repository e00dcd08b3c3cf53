//! Roles that choose by lot, send nothings, and count.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use telltale_bytecode::{ImmKind, PayloadKind};
use telltale_types::{Action, Direction, Names};
use telltale_vm::{
    Branch, Context, EffectHandler, HandlerResult, LabelId, Picked, RoleId, Value, pack,
};

use super::choices::Choices;

/// A choice: who decides, and between what.
type Choice = (RoleId, Vec<(RoleId, LabelId)>);

/// Plays all roles.
#[derive(Default)]
pub(super) struct Roles {
    /// For each choice, how often each branch was taken.
    taken: Mutex<BTreeMap<Choice, Vec<u64>>>,
    sent: AtomicU64,
}

impl Roles {
    /// How many messages have been sent in all runs.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// How often each branch was taken, choice by choice.
    pub(super) fn counts(&self, names: &Names, choices: &Choices) -> String {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        for ((role, branches), counts) in &*taken {
            let all: u64 = counts.iter().sum();
            let times = if all == 1 { "once".to_owned() } else { format!("{all} times") };
            // Writing to a text cannot fail, here and below.
            let at = choices.lines(*role, branches);
            let _ = writeln!(text, "  {} decides{at}, {times}", names.role(*role));
            for (&(peer, label), count) in branches.iter().zip(counts) {
                let branch = Action { direction: Direction::Send, peer, label }.display(names);
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "one digit of the quotient is shown"
                )]
                let share = 100.0 * *count as f64 / all as f64;
                let _ = writeln!(text, "    {share:5.1} %  {branch}");
            }
        }
        text
    }
}

impl EffectHandler for Roles {
    fn send(&self, cx: &Context<'_>, _: RoleId, label: LabelId) -> HandlerResult<Value> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        Ok(nothing(cx.label(label).payload))
    }

    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Ok(())
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        let picked = (cx.seed() >> 32) as usize % branches.len();
        let between = branches.iter().map(|branch| (branch.peer, branch.label)).collect();
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = taken.entry((cx.role(), between)).or_insert_with(|| vec![0; branches.len()]);
        counts[picked] += 1;
        drop(taken);
        let Branch { peer, label } = branches[picked];
        Ok(Picked { branch: picked, value: self.send(cx, peer, label)? })
    }
}

/// A payload that says nothing. Of a type that the machine does not know, every value will do.
fn nothing(ty: &str) -> Value {
    match PayloadKind::of_type(ty) {
        Some(PayloadKind::Scalar(ImmKind::Bool)) => pack(false),
        Some(PayloadKind::Scalar(ImmKind::Char)) => pack(' '),
        Some(PayloadKind::Scalar(ImmKind::Float)) => pack(0.0_f64),
        Some(PayloadKind::Scalar(ImmKind::Int)) => pack(0_i64),
        Some(PayloadKind::Scalar(ImmKind::Uint)) => pack(0_u64),
        Some(PayloadKind::Text) => Value::text(""),
        Some(PayloadKind::Bytes) => Value::bytes(Vec::new()),
        Some(PayloadKind::Scalar(ImmKind::Unit)) | None => Value::Unit,
    }
}
