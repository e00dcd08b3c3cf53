//! The VM as a contender: with a handler for all sessions, and with role objects in each of them.

use std::hint::black_box;
use std::marker::PhantomData;
use std::num::NonZeroUsize;

use telltale_vm::generated::SessionHost;
use telltale_vm::{
    Branch, Context, EffectHandler, HandlerResult, LabelId, NoHandler, Picked, Recording, RoleId,
    ThreadedVM, VM, VMBackend, VMConfig, Value,
};

use crate::contender::{Contender, Visits};
use crate::tally::{Audit, Counter, take_ledger};
use crate::workload::Workload;

impl AsRef<Counter> for Counter {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl EffectHandler for Counter {
    fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        Ok(Value::Uint(self.take()))
    }

    fn receive(
        &self,
        cx: &Context<'_>,
        _: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        self.add(cx.unpack(label, value)?);
        Ok(())
    }

    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        let number = self.take();
        Ok(Picked { branch: (number % 8) as usize, value: Value::Uint(number) })
    }
}

/// For these visits; a message is two instructions.
fn config(visits: Visits, recording: Recording) -> VMConfig {
    let quantum = (visits.messages * 2) as u32;
    VMConfig { recording, quantum, ..VMConfig::default() }
}

/// A VM for these visits.
pub fn vm(visits: Visits, recording: Recording) -> VM {
    VM::new(config(visits, recording))
}

/// A VM with a handler.
pub struct WithHandler<W: Workload> {
    vm: VM,
    visits: Visits,
    effects: W::Effects,
}

impl<W: Workload> WithHandler<W> {
    pub fn new(visits: Visits, recording: Recording) -> Self {
        let mut vm = vm(visits, recording);
        for _ in 0..visits.sessions {
            vm.load_choreography(W::image()).expect("room");
        }
        Self { vm, visits, effects: W::Effects::default() }
    }
}

impl<W: Workload> Contender for WithHandler<W> {
    fn exchange(&mut self, messages: u64) {
        let handler: &dyn EffectHandler = black_box(&self.effects);
        let rounds = self.visits.rounds_for(messages);
        self.vm.run(handler, rounds as usize).expect("no faults");
    }

    fn sent(&self) -> u64 {
        self.effects.as_ref().sent()
    }

    fn end(self: Box<Self>) {
        let audit = self.effects.as_ref().audit();
        check::<W>("the VM with a handler", effects(&self.vm), audit, self.visits);
    }
}

/// A VM, in one thread or several, with role objects in each session.
pub struct WithRoles<W, B> {
    vm: B,
    visits: Visits,
    workload: PhantomData<W>,
}

impl<W: Workload> WithRoles<W, VM> {
    pub fn new(visits: Visits) -> Self {
        Self::with(vm(visits, Recording::Off), visits)
    }
}

impl<W: Workload> WithRoles<W, ThreadedVM> {
    pub fn on_threads(visits: Visits, workers: NonZeroUsize) -> Self {
        Self::with(ThreadedVM::new(config(visits, Recording::Off), workers), visits)
    }
}

impl<W: Workload, B: Backend> WithRoles<W, B> {
    fn with(mut vm: B, visits: Visits) -> Self {
        for _ in 0..visits.sessions {
            W::open(&mut vm);
        }
        Self { vm, visits, workload: PhantomData }
    }
}

impl<W: Workload, B: Backend> Contender for WithRoles<W, B> {
    fn exchange(&mut self, messages: u64) {
        let rounds = self.visits.rounds_for(messages);
        self.vm.run(&NoHandler, rounds as usize).expect("no faults");
    }

    fn sent(&self) -> u64 {
        // What is on its way has one effect yet.
        self.vm.effects().div_ceil(2)
    }

    fn end(self: Box<Self>) {
        let effects = self.vm.effects();
        take_ledger();
        drop(self.vm);
        check::<W>("the VM with role objects", effects, take_ledger(), self.visits);
    }
}

/// A VM whose role objects can be audited.
pub trait Backend: VMBackend + SessionHost {
    /// How many messages the roles sent and received.
    fn effects(&self) -> u64;
}

impl Backend for VM {
    fn effects(&self) -> u64 {
        effects(self)
    }
}

impl Backend for ThreadedVM {
    fn effects(&self) -> u64 {
        self.machines().map(effects).sum()
    }
}

/// How many messages the roles sent and received.
fn effects(vm: &VM) -> u64 {
    vm.coroutines().map(|coroutine| coroutine.effects()).sum()
}

/// What the VM counted is what the host saw.
fn check<W: Workload>(who: &str, effects: u64, audit: Audit, visits: Visits) {
    let received = effects.checked_sub(audit.sent).expect("a sender has an effect");
    let on_their_way = audit.sent.checked_sub(received).expect("only what was sent is received");
    let most = W::ON_THEIR_WAY * visits.sessions as u64;
    assert!(on_their_way <= most, "{who}: {on_their_way} messages have got lost");
    W::settled(audit).check(who, on_their_way);
}
