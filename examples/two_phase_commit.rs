//! A coordinator and three participants do something together or not at all.
//!
//! Each vote is a protocol of its own, written once and run three times with `do`.
//!
//! ```text
//! cargo run --example two_phase_commit
//! ```

use std::error::Error;

use telltale_vm::{HandlerResult, choreography};

choreography! {
    /// One participant says whether it is able.
    protocol Vote(Participant, Coordinator) {
        choice at Participant {
            Participant -> Coordinator: Yes;
        } or {
            Participant -> Coordinator: No(String);
        }
    }

    /// Everybody votes; only if all say yes does anybody act.
    pub protocol TwoPhaseCommit(Coordinator, Payment, Stock, Shipping) {
        Coordinator -> Payment, Stock, Shipping: Prepare(Order);
        do Vote(Payment, Coordinator);
        do Vote(Stock, Coordinator);
        do Vote(Shipping, Coordinator);
        choice Decision at Coordinator {
            Coordinator -> Payment: Commit;
            Coordinator -> Stock, Shipping: Commit;
        } or {
            Coordinator -> Payment: Abort;
            Coordinator -> Stock, Shipping: Abort;
        }
        Payment -> Coordinator: Done;
        Stock -> Coordinator: Done;
        Shipping -> Coordinator: Done;
    }
}

use two_phase_commit::{Decision, Role};

/// So many books.
#[derive(Clone, Copy, Debug)]
pub struct Order(u32);

/// Asks everybody, and decides.
struct Coordinator {
    order: Order,
    objections: Vec<String>,
}

impl two_phase_commit::Coordinator for Coordinator {
    fn prepare(&mut self) -> HandlerResult<Order> {
        Ok(self.order)
    }
    fn on_yes(&mut self) -> HandlerResult<()> {
        Ok(())
    }
    fn on_yes_from(&mut self, from: Role) -> HandlerResult<()> {
        println!("  {from:?} is able");
        self.on_yes()
    }
    fn on_no(&mut self, no: String) -> HandlerResult<()> {
        self.objections.push(no);
        Ok(())
    }
    fn on_no_from(&mut self, from: Role, no: String) -> HandlerResult<()> {
        println!("  {from:?} is not: {no}");
        self.on_no(no)
    }
    fn decision(&mut self) -> HandlerResult<Decision> {
        Ok(if self.objections.is_empty() { Decision::Commit } else { Decision::Abort })
    }
    fn on_done(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

/// Something of which there is only so much: what each of the three participants looks after.
struct Store {
    left: u32,
    unit: &'static str,
    per_book: u32,
    promised: u32,
}

impl Store {
    fn new(left: u32, unit: &'static str, per_book: u32) -> Self {
        Self { left, unit, per_book, promised: 0 }
    }

    fn vote(&self) -> Result<(), String> {
        if self.promised <= self.left {
            return Ok(());
        }
        Err(format!("{} {} are needed, {} are left", self.promised, self.unit, self.left))
    }
}

/// The participants differ in nothing but their names.
macro_rules! looks_after_a_store {
    ($($role:ident, $choice:ident;)*) => {$(
        impl two_phase_commit::$role for Store {
            fn on_prepare(&mut self, prepare: Order) -> HandlerResult<()> {
                self.promised = prepare.0 * self.per_book;
                Ok(())
            }
            fn choose(&mut self) -> HandlerResult<two_phase_commit::$choice> {
                use two_phase_commit::$choice::{No, Yes};
                Ok(self.vote().map_or_else(No, |()| Yes))
            }
            fn on_commit(&mut self) -> HandlerResult<()> {
                self.left -= self.promised;
                Ok(())
            }
            fn on_abort(&mut self) -> HandlerResult<()> {
                Ok(())
            }
        }
    )*};
}
looks_after_a_store! { Payment, PaymentChoice; Stock, StockChoice; Shipping, ShippingChoice; }

fn main() -> Result<(), Box<dyn Error>> {
    let mut money = Store::new(100, "euros", 20);
    let mut books = Store::new(7, "books", 1);
    let mut boxes = Store::new(10, "boxes", 2);

    for order in [3, 3, 2].map(Order) {
        println!("An order of {}:", order.0);
        let coordinator = Coordinator { order, objections: Vec::new() };
        let roles =
            two_phase_commit::Roles { coordinator, payment: money, stock: books, shipping: boxes };
        let roles = roles.play()?;

        // What the participants have left goes into the next session.
        (money, books, boxes) = (roles.payment, roles.stock, roles.shipping);
        let verb = if roles.coordinator.objections.is_empty() { "committed" } else { "aborted" };
        let left = [&money, &books, &boxes].map(|store| format!("{} {}", store.left, store.unit));
        println!("  {verb}; left are {}\n", left.join(", "));
    }
    Ok(())
}
