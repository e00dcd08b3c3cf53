//! What the sessions of a long run are about: a client orders some things, one after the other, a clerk lets them be picked, and
//! a store sends a parcel.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use telltale_vm::{
    Branch, ByHandler, Context, EffectHandler, HandlerError, HandlerResult, LabelId, Network,
    Picked, RoleId, SendDecision, SessionId, VM, Value, choreography, pack,
};

use super::{Ledger, add};
use order::Next;

choreography! {
    pub protocol Order(Client, Clerk, Store) {
        Client -> Clerk: Open(String);
        loop {
            choice Next at Client {
                Client -> Clerk: Item(u64);
                Clerk -> Store: Pick(u64);
            } or {
                Client -> Clerk: Done;
                Clerk -> Store: Stop;
                break;
            }
        }
        Store -> Client: Parcel(u64);
    }
}

const NAME: &str = "Rose Street 7";

/// How many things are ordered in the session of that number.
fn items(nth: u64) -> u64 {
    nth % 7
}

/// Things are numbered from 1 on; a parcel is the sum of their numbers.
fn parcel(items: u64) -> u64 {
    items * (items + 1) / 2
}

/// How many messages so many sessions have, and the sum of what they carry.
pub(super) fn due(sessions: u64) -> (u64, u64) {
    let all = (0..sessions).map(items);
    let messages = all.clone().map(|items| 2 * items + 4).sum();
    let sum: u64 = all.map(|items| 3 * parcel(items)).sum();
    (messages, sum + sessions * NAME.len() as u64)
}

/// Opens the session of that number: with role objects, with the handler, or with both.
pub(super) fn open(vm: &mut VM, nth: u64, ledger: &Arc<Ledger>) -> SessionId {
    let client = || Client { ledger: Arc::clone(ledger), items: items(nth), ordered: 0 };
    match nth % 3 {
        0 => {
            let clerk = Forwarding { ledger: Arc::clone(ledger), item: 0 };
            let store = Store { ledger: Arc::clone(ledger), nth, is_late: is_late(nth), sum: 0 };
            order::Roles { client: client(), clerk, store }.open_detached(vm)
        }
        1 => vm.load_choreography(&order::IMAGE),
        _ => {
            order::Roles { client: client(), clerk: ByHandler, store: ByHandler }.open_detached(vm)
        }
    }
    .expect("room")
}

/// Whether a role object has no answer the first time it is asked.
pub(super) fn is_late(nth: u64) -> bool {
    nth.is_multiple_of(12)
}

thread_local! {
    static WAITING: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// The sessions whose stores were late since the last call.
pub(super) fn take_waiting() -> Vec<u64> {
    WAITING.take()
}

struct Client {
    ledger: Arc<Ledger>,
    items: u64,
    ordered: u64,
}

impl order::Client for Client {
    fn open(&mut self) -> HandlerResult<String> {
        Ok(NAME.to_owned())
    }

    fn next(&mut self) -> HandlerResult<Next> {
        if self.ordered == self.items {
            return Ok(Next::Done);
        }
        self.ordered += 1;
        Ok(Next::Item(self.ordered))
    }

    fn on_parcel(&mut self, parcel: u64) -> HandlerResult<()> {
        self.ledger.received(parcel);
        Ok(())
    }
}

struct Forwarding {
    ledger: Arc<Ledger>,
    item: u64,
}

impl order::Clerk for Forwarding {
    fn on_open(&mut self, name: String) -> HandlerResult<()> {
        self.ledger.received(name.len() as u64);
        Ok(())
    }

    fn on_item(&mut self, item: u64) -> HandlerResult<()> {
        self.ledger.received(item);
        self.item = item;
        Ok(())
    }

    fn pick(&mut self) -> HandlerResult<u64> {
        Ok(self.item)
    }

    fn on_done(&mut self) -> HandlerResult<()> {
        self.ledger.received(0);
        Ok(())
    }

    fn stop(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

struct Store {
    ledger: Arc<Ledger>,
    nth: u64,
    is_late: bool,
    sum: u64,
}

impl order::Store for Store {
    fn on_pick(&mut self, item: u64) -> HandlerResult<()> {
        self.ledger.received(item);
        self.sum += item;
        Ok(())
    }

    fn on_stop(&mut self) -> HandlerResult<()> {
        self.ledger.received(0);
        Ok(())
    }

    fn parcel(&mut self) -> HandlerResult<u64> {
        if std::mem::take(&mut self.is_late) {
            add(&self.ledger.late, 1);
            WAITING.with_borrow_mut(|waiting| waiting.push(self.nth));
            return Err(HandlerError::pending());
        }
        Ok(self.sum)
    }
}

impl Ledger {
    fn received(&self, number: u64) {
        add(&self.messages, 1);
        add(&self.sum, number);
    }
}

/// The handler, which plays what no object plays, and the network. It keeps nothing of a session: how many effects a role
/// has had says where it is.
pub(super) struct Clerk {
    ledger: Arc<Ledger>,
    late: Mutex<Late>,
    open: LabelId,
    item: LabelId,
    pick: LabelId,
    parcel: LabelId,
}

#[derive(Default)]
struct Late {
    /// Sessions whose clerks have no answer yet.
    waiting: Vec<SessionId>,
    /// Those that have one now.
    answered: BTreeSet<u64>,
}

impl Clerk {
    pub(super) fn new(ledger: Arc<Ledger>) -> Self {
        let label = |name| order::IMAGE.names().find_label(name).expect("a label");
        Self {
            ledger,
            late: Mutex::default(),
            open: label("Open"),
            item: label("Item"),
            pick: label("Pick"),
            parcel: label("Parcel"),
        }
    }

    /// The sessions whose clerks were late since the last call.
    pub(super) fn take_waiting(&self) -> Vec<SessionId> {
        let mut late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = std::mem::take(&mut late.waiting);
        late.answered.extend(waiting.iter().map(|session| session.ordinal()));
        waiting
    }

    /// Whether there is an answer, which there is not for every eighth question when it is asked first.
    fn is_there(&self, cx: &Context<'_>) -> bool {
        if !cx.seed().is_multiple_of(8) {
            return true;
        }
        let mut late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
        let is_there = late.answered.remove(&cx.session().ordinal());
        if !is_there {
            add(&self.ledger.late, 1);
            late.waiting.push(cx.session());
        }
        is_there
    }
}

impl EffectHandler for Clerk {
    fn send(&self, cx: &Context<'_>, _: RoleId, label: LabelId) -> HandlerResult<Value> {
        Ok(if label == self.open {
            pack(NAME.to_owned())
        } else if label == self.pick {
            if !self.is_there(cx) {
                return Err(HandlerError::pending());
            }
            // It has heard the name, and the thing that it lets be picked now.
            Value::Uint(cx.count() / 2)
        } else if label == self.parcel {
            // It has heard of each thing, and that there are no more.
            Value::Uint(parcel(cx.count() - 1))
        } else {
            Value::Unit
        })
    }

    fn receive(
        &self,
        cx: &Context<'_>,
        _: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        let number = if label == self.open {
            cx.unpack::<String>(label, value)?.len() as u64
        } else if let Value::Uint(number) = value {
            number
        } else {
            0
        };
        self.ledger.received(number);
        Ok(())
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        // It has said its name, and ordered so many things.
        let ordered = cx.count() - 1;
        let goes_on = ordered < items(cx.session().ordinal());
        let branch = usize::from((branches[0].label == self.item) != goes_on);
        let value = if goes_on { Value::Uint(ordered + 1) } else { Value::Unit };
        Ok(Picked { branch, value })
    }

    fn network(&self) -> Option<&dyn Network> {
        Some(self)
    }
}

impl Network for Clerk {
    fn decide(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> SendDecision {
        add(&self.ledger.decided, 1);
        SendDecision::Deliver
    }
}
