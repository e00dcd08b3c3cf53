//! Many short sessions of three protocols with role objects: whenever some end, as many are opened, and each visit is short.

use std::hint::black_box;

use telltale_vm::{NoHandler, Recording, VM, VMConfig};

use crate::workload::short::{Account, Bids, ByObjects, Left, Purchase, Scalar, take_ledger};

/// How many instructions a visit has: four messages, each of which is sent and received.
const STEPS: u32 = 8;

/// Whoever has sessions of the three protocols, by turns.
pub trait Sessions {
    /// Opens the session of that number.
    fn open(&mut self, nth: u64);
    /// Visits each session once.
    fn visit(&mut self);
    /// How many there are.
    fn alive(&self) -> usize;
}

/// Opens, visits and ends so many sessions, so many of which are alive at a time. Gives what they received.
pub fn churn(sessions: &mut dyn Sessions, count: u64, alive: usize) -> Account {
    take_ledger();
    let mut opened = 0;
    while opened < count || sessions.alive() > 0 {
        while opened < count && sessions.alive() < alive {
            sessions.open(opened);
            opened += 1;
        }
        sessions.visit();
    }
    take_ledger()
}

/// What so many sessions amount to.
pub fn due(count: u64) -> Account {
    // Of each protocol there is every third.
    let of = |protocol| (count + 2 - protocol) / 3;
    Scalar::due(of(0)) + Purchase::due(of(1)) + Bids::due(of(2))
}

/// In a VM.
pub struct ByVm(VM);

impl Default for ByVm {
    fn default() -> Self {
        let config = VMConfig { quantum: STEPS, recording: Recording::Off, ..VMConfig::default() };
        Self(VM::new(config))
    }
}

impl Sessions for ByVm {
    fn open(&mut self, nth: u64) {
        match nth % 3 {
            0 => Scalar::open(&mut self.0, nth / 3),
            1 => Purchase::open(&mut self.0, nth / 3),
            _ => Bids::open(&mut self.0, nth / 3),
        }
    }

    fn visit(&mut self) {
        self.0.run(&NoHandler, 1).expect("no faults");
    }

    fn alive(&self) -> usize {
        self.0.open_sessions()
    }
}

/// By hand, with a boxed object for each role. Each protocol has an array of its own, so that its sessions lie side by side
/// and its code is executed for many of them in a row.
#[derive(Default)]
pub struct ByHand {
    scalar: Herd<Scalar>,
    purchase: Herd<Purchase>,
    bids: Herd<Bids>,
}

impl Sessions for ByHand {
    fn open(&mut self, nth: u64) {
        match nth % 3 {
            0 => self.scalar.open(nth / 3),
            1 => self.purchase.open(nth / 3),
            _ => self.bids.open(nth / 3),
        }
    }

    fn visit(&mut self) {
        self.scalar.visit();
        self.purchase.visit();
        self.bids.visit();
    }

    fn alive(&self) -> usize {
        self.scalar.0.len() + self.purchase.0.len() + self.bids.0.len()
    }
}

/// The sessions of one protocol.
struct Herd<S: ByObjects>(Vec<S::Objects>);

impl<S: ByObjects> Default for Herd<S> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<S: ByObjects> Herd<S> {
    fn open(&mut self, nth: u64) {
        // What the compiler knows of the objects must not reach the state machine.
        self.0.push(black_box(S::objects(nth)));
    }

    fn visit(&mut self) {
        let mut at = 0;
        while let Some(session) = self.0.get_mut(at) {
            if S::visit(session, Left(STEPS)).expect("no failures") {
                self.0.swap_remove(at);
            } else {
                at += 1;
            }
        }
    }
}
