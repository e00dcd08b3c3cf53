//! The VM that this design comes from, as it is published.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use ancestor::coroutine::Value;
use ancestor::effect::{EffectHandler, SendDecision, SendDecisionInput};
use ancestor::loader::CodeImage;
use ancestor::vm::{VM, VMConfig};
use ancestor_theory::projection::project_all;
use ancestor_types::{GlobalType, Label, PayloadSort};

use crate::contender::Contender;
use crate::tally::Counter;

struct Ancestor {
    vm: VM,
    handler: Handler,
    handicap: u64,
    on_their_way: u64,
}

fn label(name: &str) -> Label {
    Label::with_sort(name, PayloadSort::Nat)
}

/// A number goes round between so many roles; two of them play ping-pong.
pub fn ring(roles: usize, sessions: usize) -> Box<dyn Contender> {
    let name = |role: usize| format!("R{}", role % roles);
    let lap = (0..roles).rev().fold(GlobalType::var("t"), |then, role| {
        GlobalType::send(name(role), name(role + 1), label("Hop"), then)
    });
    // It slows down with the number of sessions.
    let handicap = if sessions > 1 { 10_000 } else { 100 * roles as u64 };
    opened(&GlobalType::mu("t", lap), sessions, handicap, sessions as u64)
}

pub fn stream() -> Box<dyn Contender> {
    let item = GlobalType::send("Source", "Sink", label("Item"), GlobalType::var("t"));
    opened(&GlobalType::mu("t", item), 1, 100, 64)
}

pub fn choice() -> Box<dyn Contender> {
    let branch = |name: &str| (label(name), GlobalType::var("t"));
    let branches = ["A", "B", "C", "D", "E", "F", "G", "H"].map(branch).to_vec();
    let ways = GlobalType::comm("Chooser", "Listener", branches);
    opened(&GlobalType::mu("t", ways), 1, 200, 64)
}

fn opened(
    global: &GlobalType,
    sessions: usize,
    handicap: u64,
    on_their_way: u64,
) -> Box<dyn Contender> {
    let locals: BTreeMap<_, _> = project_all(global).expect("projectable").into_iter().collect();
    let image = CodeImage::from_local_types(&locals, global);
    let mut vm = VM::new(VMConfig {
        max_sessions: usize::MAX,
        max_coroutines: usize::MAX,
        // What a coroutine may spend in its life.
        initial_cost_budget: usize::MAX,
        ..VMConfig::default()
    });
    for _ in 0..sessions {
        vm.load_choreography(&image).expect("room");
    }
    Box::new(Ancestor { vm, handler: Handler::default(), handicap, on_their_way })
}

impl Contender for Ancestor {
    fn exchange(&mut self, messages: u64) {
        let enough = self.handler.0.sent() + messages;
        while self.handler.0.sent() < enough {
            self.vm.run(&self.handler, 16).expect("no faults");
        }
    }

    fn sent(&self) -> u64 {
        self.handler.0.sent()
    }

    fn handicap(&self) -> u64 {
        self.handicap
    }

    fn end(self: Box<Self>) {
        self.handler.0.audit().check("the ancestor", self.on_their_way);
    }
}

/// The numbers, and how many messages were received.
#[derive(Default)]
struct Handler(Counter, AtomicU64);

impl EffectHandler for Handler {
    fn handle_send(&self, _: &str, _: &str, _: &str, _: &[Value]) -> Result<Value, String> {
        Ok(Value::Nat(self.0.take()))
    }

    // The payload of a message is what this gives; that of a choice has to be its label, and the label is that
    // of the first branch.
    fn send_decision(&self, message: SendDecisionInput<'_>) -> Result<SendDecision, String> {
        let number = self.0.take();
        let label = message.payload.filter(|payload| matches!(payload, Value::Str(_)));
        Ok(SendDecision::Deliver(label.unwrap_or(Value::Nat(number))))
    }

    fn handle_recv(
        &self,
        _: &str,
        _: &str,
        _: &str,
        _: &mut Vec<Value>,
        payload: &Value,
    ) -> Result<(), String> {
        let received = self.1.load(Relaxed);
        self.1.store(received + 1, Relaxed);
        // A label stands for the number that it could not carry.
        self.0.add(if let Value::Nat(number) = payload { *number } else { received });
        Ok(())
    }

    fn handle_choose(
        &self,
        _: &str,
        _: &str,
        labels: &[String],
        _: &[Value],
    ) -> Result<String, String> {
        Ok(labels[0].clone())
    }

    fn step(&self, _: &str, _: &mut Vec<Value>) -> Result<(), String> {
        Ok(())
    }
}
