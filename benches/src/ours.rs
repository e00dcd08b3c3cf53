//! Ping-pong on the VM.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use telltale_types::{GlobalTerm, Label};
use telltale_vm::loader::CodeImage;
use telltale_vm::{
    Branch, Context, EffectHandler, HandlerError, HandlerResult, LabelId, Picked, Recording,
    RoleId, VM, VMConfig, Value,
};

/// `loop { Alice -> Bob: Ping(u64); Bob -> Alice: Pong(u64); }`
pub fn image() -> CodeImage {
    let pong = GlobalTerm::send("Bob", "Alice", Label::with("Pong", "u64"), GlobalTerm::var("t"));
    let ping = GlobalTerm::send("Alice", "Bob", Label::with("Ping", "u64"), pong);
    let global = GlobalTerm::mu("t", ping).close().expect("a global type");
    let projected = telltale_theory::project_all(&global).expect("projectable");
    let locals: BTreeMap<_, _> = projected.into_iter().collect();
    CodeImage::from_local_types(&locals, &global)
}

/// A VM with so many sessions of ping-pong.
pub fn vm(image: &CodeImage, sessions: usize, recording: Recording, quantum: u32) -> VM {
    let mut vm = VM::new(VMConfig { recording, quantum, ..VMConfig::default() });
    for _ in 0..sessions {
        vm.load_choreography(image).expect("room");
    }
    vm
}

/// Keeps the same state as the handler of the versions by hand.
#[derive(Default)]
pub struct Counter {
    next: AtomicU64,
    sum: AtomicU64,
}

impl Counter {
    pub fn take(&self) -> u64 {
        let next = self.next.load(Relaxed);
        self.next.store(next + 1, Relaxed);
        next
    }

    /// How many messages were sent.
    pub fn sent(&self) -> u64 {
        self.next.load(Relaxed)
    }

    pub fn add(&self, n: u64) {
        self.sum.store(self.sum.load(Relaxed).wrapping_add(n), Relaxed);
    }
}

impl EffectHandler for Counter {
    fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        Ok(Value::Uint(self.take()))
    }

    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, value: Value) -> HandlerResult<()> {
        let Value::Uint(n) = value else { return Err(HandlerError::msg("a number was expected")) };
        self.add(n);
        Ok(())
    }

    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Err(HandlerError::msg("there is no choice in ping-pong"))
    }
}
