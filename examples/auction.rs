//! An auction house that forgets no bid, though every process in it dies now and then.
//!
//! The house is a service in every auction; each bidder sits in a seat for which it has a ticket. What they have come to is with the
//! engine between two steps, so whoever dies in a step has not begun it. Only the bank is outside: what it is asked has a name, by
//! which it knows what it has been asked before. Here the processes are servers in one loop, and the engine makes faults, so a
//! seed decides who dies when.
//!
//! ```text
//! cargo run --example auction
//! ```

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, Mutex};

use pollster::block_on;
use serde::{Deserialize, Serialize};
use telltale_net::engine::memory::{Faults, Memory};
use telltale_net::engine::{Ending, EngineError};
use telltale_net::{Server, ServerConfig, Service, SessionKey, Start, Step};
use telltale_vm::loader::CodeImage;
use telltale_vm::{Elsewhere, HandlerResult, choreography};

choreography! {
    /// A bidder answers to a price.
    protocol Answer(Bidder, House) {
        choice at Bidder {
            Bidder -> House: Bid(u64);
        } or {
            Bidder -> House: Pass;
        }
    }

    /// The price rises as long as somebody bids.
    #[serde]
    pub protocol Auction(House, Ann, #[like(Ann)] Ben, #[like(Ann)] Cleo) {
        House -> Ann, Ben, Cleo: Lot(u64);
        loop {
            do Answer(Ann, House);
            do Answer(Ben, House);
            do Answer(Cleo, House);
            choice Hammer at House {
                House -> Ann, Ben, Cleo: Going { price: u64, to: String };
            } or {
                House -> Ann: Won(u64);
                House -> Ben, Cleo: Lost;
                Ann -> House: Paid(u64);
                break;
            } or {
                House -> Ben: Won(u64);
                House -> Ann, Cleo: Lost;
                Ben -> House: Paid(u64);
                break;
            } or {
                House -> Cleo: Won(u64);
                House -> Ann, Ben: Lost;
                Cleo -> House: Paid(u64);
                break;
            } or {
                House -> Ann, Ben, Cleo: Unsold;
                break;
            }
        }
    }
}

use auction::{AnnChoice, Hammer, Role, Roles};

/// The payments that were asked for, by name, and how often. Those of one name are one payment.
type Bank = Arc<Mutex<BTreeMap<String, (u64, usize)>>>;

/// How each auction went.
type Records = Arc<Mutex<BTreeMap<SessionKey, Vec<String>>>>;

/// Asks for bids until there is none that is higher. Of two that are the same, the first counts.
#[derive(Clone, Default, Serialize, Deserialize)]
struct House {
    /// The lowest price.
    reserve: Option<u64>,
    /// What was bid in this round.
    bids: Vec<(u64, String)>,
    /// The highest of the rounds before, and whose it is.
    highest: Option<(u64, String)>,
    record: Vec<String>,
}

impl auction::House for House {
    fn lot(&mut self) -> HandlerResult<u64> {
        self.reserve.ok_or_else(|| "nobody has brought this lot".into())
    }
    /// Is not called, as it matters whose bid it is.
    fn on_bid(&mut self, _: u64) -> HandlerResult<()> {
        Err("a bid without a bidder".into())
    }
    fn on_bid_from(&mut self, from: Role, bid: u64) -> HandlerResult<()> {
        self.bids.push((bid, format!("{from:?}")));
        Ok(())
    }
    fn on_pass(&mut self) -> HandlerResult<()> {
        Ok(())
    }
    fn hammer(&mut self) -> HandlerResult<Hammer> {
        let bids = std::mem::take(&mut self.bids);
        let at_least = self.highest.as_ref().map(|(price, _)| price + 1).or(self.reserve);
        let valid = bids.into_iter().rev().filter(|(bid, _)| Some(*bid) >= at_least);
        if let Some((price, to)) = valid.max_by_key(|(bid, _)| *bid) {
            self.record.push(format!("{to} bids {price}"));
            self.highest = Some((price, to.clone()));
            return Ok(Hammer::Going { price, to });
        }
        let Some((price, winner)) = self.highest.clone() else {
            self.record.push("nobody wants it".to_owned());
            return Ok(Hammer::Unsold);
        };
        Ok(match winner.as_str() {
            "Ann" => Hammer::WonToAnn(price),
            "Ben" => Hammer::WonToBen(price),
            "Cleo" => Hammer::WonToCleo(price),
            other => return Err(format!("`{other}` has no seat").into()),
        })
    }
    fn on_paid(&mut self, paid: u64) -> HandlerResult<()> {
        self.record.push(format!("sold for {paid}"));
        Ok(())
    }
}

/// The service that plays the house in every auction.
#[derive(Clone)]
struct Auctioneers {
    records: Records,
}

impl Service for Auctioneers {
    type Roles = Roles<House, Elsewhere, Elsewhere, Elsewhere>;
    type State = House;

    fn image(&self) -> &CodeImage {
        &auction::IMAGE
    }
    fn role(&self) -> &'static str {
        "House"
    }
    fn restore(&self, step: &Step, state: Option<House>) -> Self::Roles {
        let house = state.unwrap_or_else(|| {
            let lot = LOTS.into_iter().find(|(lot, ..)| *lot == step.session().as_str());
            House { reserve: lot.map(|(_, reserve, _)| reserve), ..House::default() }
        });
        Roles { house, ann: Elsewhere, ben: Elsewhere, cleo: Elsewhere }
    }
    fn save(&self, roles: &Self::Roles) -> House {
        roles.house.clone()
    }
    /// This may happen twice, so records have names.
    fn ended(&self, step: &Step, roles: Self::Roles, ending: Option<&Ending>) {
        let mut record = roles.house.record;
        record.extend(ending.map(|ending| format!("broken off: {ending:?}")));
        self.records.lock().expect("nobody panics").insert(step.session().clone(), record);
    }
}

/// What somebody has made up its mind about, and who pays for it. It comes with whoever has the ticket.
#[derive(Clone, Default)]
struct Plan {
    limit: u64,
    raise: u64,
    bank: Bank,
}

/// Bids a little more than the last price, up to a limit, unless that price is its own.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Bidder {
    #[serde(skip)]
    plan: Plan,
    #[serde(skip)]
    step: Option<Step>,
    asked: u64,
    is_leading: bool,
    price: u64,
}

impl Bidder {
    fn step(&self) -> HandlerResult<&Step> {
        self.step.as_ref().ok_or_else(|| "nobody has restored it".into())
    }
}

impl auction::Ann for Bidder {
    fn on_lot(&mut self, reserve: u64) -> HandlerResult<()> {
        self.asked = reserve;
        Ok(())
    }
    fn choose(&mut self) -> HandlerResult<AnnChoice> {
        let bids = !self.is_leading && self.asked <= self.plan.limit;
        Ok(if bids { AnnChoice::Bid(self.asked) } else { AnnChoice::Pass })
    }
    fn on_going(&mut self, price: u64, to: String) -> HandlerResult<()> {
        self.is_leading = to == self.step()?.role();
        self.asked = price + self.plan.raise;
        Ok(())
    }
    fn on_won(&mut self, price: u64) -> HandlerResult<()> {
        self.price = price;
        Ok(())
    }
    fn paid(&mut self) -> HandlerResult<u64> {
        let payment = self.step()?.idempotency_key("pay for the lot");
        let mut bank = self.plan.bank.lock().map_err(|_| "the bank is closed")?;
        bank.entry(payment).or_insert((self.price, 0)).1 += 1;
        Ok(self.price)
    }
    fn on_lost(&mut self) -> HandlerResult<()> {
        Ok(())
    }
    fn on_unsold(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

/// The services that play the bidders. They differ in nothing but their names.
macro_rules! seats {
    ($($role:ident, $field:ident: $Roles:ty, $others:ident { $($elsewhere:ident),* };)*) => {$(
        #[derive(Clone)]
        struct $role(Plan);

        impl Service for $role {
            type Roles = $Roles;
            type State = Bidder;

            fn image(&self) -> &CodeImage {
                &auction::IMAGE
            }
            fn role(&self) -> &'static str {
                stringify!($role)
            }
            fn restore(&self, step: &Step, state: Option<Bidder>) -> Self::Roles {
                let (plan, step) = (self.0.clone(), Some(step.clone()));
                let bidder = Bidder { plan, step, ..state.unwrap_or_default() };
                $others { $field: bidder, $($elsewhere: Elsewhere),* }
            }
            fn save(&self, roles: &Self::Roles) -> Bidder {
                roles.$field.clone()
            }
        }
    )*};
}
seats! {
    Ann, ann: Roles<Elsewhere, Bidder, Elsewhere, Elsewhere>, Roles { house, ben, cleo };
    Ben, ben: Roles<Elsewhere, Elsewhere, Bidder, Elsewhere>, Roles { house, ann, cleo };
    Cleo, cleo: Roles<Elsewhere, Elsewhere, Elsewhere, Bidder>, Roles { house, ann, ben };
}

/// What is sold, the lowest price for it, and what it is worth to the three.
const LOTS: [(&str, u64, [u64; 3]); 3] = [
    ("a clock", 40, [60, 75, 50]),
    ("a landscape", 200, [150, 180, 100]),
    ("some books", 5, [12, 12, 30]),
];

/// Starts a server, and starts it anew whenever it has died.
type Process = Box<dyn Fn() -> Server<Memory>>;

fn process(engine: &Memory, serve: impl Fn(Server<Memory>) -> Server<Memory> + 'static) -> Process {
    let engine = engine.clone();
    let config = ServerConfig { attempts: u32::MAX, ..ServerConfig::default() };
    Box::new(move || serve(Server::with(engine.clone(), config.clone())))
}

/// Opens an auction. Gives the processes of its bidders.
fn open(
    engine: &Memory,
    bank: &Bank,
    lot: &str,
    limits: [u64; 3],
) -> Result<[Process; 3], EngineError> {
    let start = Start::of(&auction::IMAGE).called(lot);
    let start = ["Ann", "Ben", "Cleo"].into_iter().fold(start, Start::with_ticket_for);
    loop {
        match block_on(start.on(engine)) {
            // Whoever has not heard whether it was started tries again, and hears that it was.
            Ok(()) | Err(EngineError::SessionExists(_)) => break,
            Err(EngineError::Lost(_)) => {}
            Err(error) => return Err(error),
        }
    }
    let tickets = start.tickets();
    let [(ann, a), (ben, b), (cleo, c)] = [0, 1, 2].map(|nth| {
        let plan = Plan { limit: limits[nth], raise: 4 + nth as u64, bank: Arc::clone(bank) };
        (plan, tickets[nth].clone())
    });
    Ok([
        process(engine, move |server| server.sit(&a, Ann(ann.clone()))),
        process(engine, move |server| server.sit(&b, Ben(ben.clone()))),
        process(engine, move |server| server.sit(&c, Cleo(cleo.clone()))),
    ])
}

/// What is known when all auctions of an evening are over.
struct Evening {
    /// How each auction went, and what was paid.
    results: Vec<String>,
    payments: usize,
    times_asked: usize,
    deaths: usize,
}

/// The seed decides which processes die, and when.
fn evening(seed: u64) -> Result<Evening, Box<dyn Error>> {
    let engine = Memory::with_faults(seed, Faults::ALL);
    let (bank, records) = (Bank::default(), Records::default());
    let house = Auctioneers { records: Arc::clone(&records) };
    let mut processes = vec![process(&engine, move |server| server.serve(house.clone()))];
    for (lot, _, limits) in LOTS {
        processes.extend(open(&engine, &bank, lot, limits)?);
    }

    let mut servers: Vec<Server<Memory>> = processes.iter().map(|start| start()).collect();
    let mut deaths = 0;
    while engine.open_sessions() > 0 {
        for (server, start) in servers.iter_mut().zip(&processes) {
            match block_on(server.step()) {
                Ok(_) => {}
                Err(EngineError::Lost(_)) => {
                    *server = start();
                    deaths += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    let records = records.lock().expect("nobody panics");
    let bank = bank.lock().expect("nobody panics");
    let auctions =
        records.iter().map(|(lot, record)| format!("{}: {}", lot.as_str(), record.join(", ")));
    let paid: u64 = bank.values().map(|(price, _)| price).sum();
    Ok(Evening {
        results: auctions.chain([format!("the bank was paid {paid}")]).collect(),
        payments: bank.len(),
        times_asked: bank.values().map(|(_, times)| times).sum(),
        deaths,
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let evenings = (0..20).map(evening).collect::<Result<Vec<_>, _>>()?;
    let results = &evenings[0].results;
    println!("{}", results.join("\n"));

    let is_same = evenings.iter().all(|evening| evening.results == *results);
    let sum = |count: fn(&Evening) -> usize| evenings.iter().map(count).sum::<usize>();
    println!("\nthe same on {} evenings: {is_same}", evenings.len());
    println!("processes died more than a hundred times: {}", sum(|evening| evening.deaths) > 100);
    println!(
        "the bank was asked more often than it was paid: {}",
        sum(|evening| evening.times_asked) > sum(|evening| evening.payments),
    );
    Ok(())
}
