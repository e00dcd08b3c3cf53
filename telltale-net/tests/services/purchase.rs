//! A purchase between three roles, each of them served; and what tests do with that.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pollster::block_on;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use telltale_net::engine::memory::{Faults, Memory};
use telltale_net::engine::{Ending, Engine};
use telltale_net::{Server, Service, SessionKey, Start, Step};
use telltale_vm::generated::NamedRoles;
use telltale_vm::loader::CodeImage;
use telltale_vm::{Elsewhere, HandlerError, HandlerResult, choreography};

choreography! {
    #[serde]
    pub(super) protocol Purchase(Customer, Shop, Warehouse) {
        Customer -> Shop: Ask(String);
        Shop -> Customer: Price(u64);
        choice Answer at Customer {
            Customer -> Shop: Buy(String);
            Shop -> Warehouse: Send(String);
            Warehouse -> Customer: Parcel(String);
        } or {
            Customer -> Shop, Warehouse: Leave;
        }
    }
}

use purchase::Answer;
pub(super) use purchase::Roles;

/// How sessions have ended for which role, and what the world outside was asked for.
#[derive(Clone, Default)]
pub(super) struct World(Arc<Mutex<BTreeMap<String, String>>>);

impl World {
    pub(super) fn note(&self, what: String, how: String) {
        self.0.lock().expect("nobody panics").insert(what, how);
    }

    pub(super) fn notes(&self) -> BTreeMap<String, String> {
        self.0.lock().expect("nobody panics").clone()
    }
}

#[derive(Serialize, Deserialize, Default)]
pub(super) struct Buyer {
    price: u64,
    parcel: Option<String>,
}

pub(super) struct Customer {
    /// What it asks for, or why it does not.
    wants: Result<&'static str, &'static str>,
    buyer: Buyer,
}

impl Customer {
    pub(super) fn wants(wants: Result<&'static str, &'static str>) -> Self {
        Self { wants, buyer: Buyer::default() }
    }
}

impl purchase::Customer for Customer {
    fn ask(&mut self) -> HandlerResult<String> {
        Ok(self.wants?.to_owned())
    }
    fn on_price(&mut self, price: u64) -> HandlerResult<()> {
        self.buyer.price = price;
        Ok(())
    }
    fn answer(&mut self) -> HandlerResult<Answer> {
        Ok(if self.buyer.price < 30 {
            Answer::Buy("12 High Street".to_owned())
        } else {
            Answer::Leave
        })
    }
    fn on_parcel(&mut self, parcel: String) -> HandlerResult<()> {
        self.buyer.parcel = Some(parcel);
        Ok(())
    }
}

/// Customers who remember what they were told.
pub(super) struct Customers(pub(super) World);

impl Service for Customers {
    type Roles = Roles<Customer, Elsewhere, Elsewhere>;
    type State = Buyer;

    fn image(&self) -> &CodeImage {
        &purchase::IMAGE
    }
    fn role(&self) -> &'static str {
        "Customer"
    }
    fn restore(&self, _: &Step, state: Option<Buyer>) -> Self::Roles {
        let customer = Customer { wants: Ok("tea"), buyer: state.unwrap_or_default() };
        Roles { customer, shop: Elsewhere, warehouse: Elsewhere }
    }
    fn save(&self, roles: &Self::Roles) -> Buyer {
        let Buyer { price, ref parcel } = roles.customer.buyer;
        Buyer { price, parcel: parcel.clone() }
    }
    fn ended(&self, step: &Step, roles: Self::Roles, ending: Option<&Ending>) {
        let how = ending.map_or(format!("{:?}", roles.customer.buyer.parcel), Ending::to_string);
        self.0.note(format!("{} {}", step.session(), step.role()), how);
    }
}

pub(super) struct Shop {
    step: Step,
    what: Option<String>,
    price: u64,
    /// How often it has still no answer.
    late: u32,
    world: World,
}

impl purchase::Shop for Shop {
    fn on_ask(&mut self, what: String) -> HandlerResult<()> {
        if what == "gold" {
            return Err("we only have tea".into());
        }
        self.what = Some(what);
        Ok(())
    }
    fn price(&mut self) -> HandlerResult<u64> {
        if self.late > 0 {
            self.late -= 1;
            self.step.ask_again_after(Duration::from_secs(5));
            return Err(HandlerError::pending());
        }
        Ok(self.price)
    }
    fn on_buy(&mut self, _: String) -> HandlerResult<()> {
        self.world.note(self.step.idempotency_key("charge"), "charged".to_owned());
        Ok(())
    }
    fn send(&mut self) -> HandlerResult<String> {
        self.what.clone().ok_or_else(|| "nobody has asked for anything".into())
    }
    fn on_leave(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

pub(super) struct Shops {
    pub(super) world: World,
    pub(super) price: u64,
    /// How often a shop has no answer at first.
    pub(super) late: u32,
}

impl Service for Shops {
    type Roles = Roles<Elsewhere, Shop, Elsewhere>;
    type State = (Option<String>, u32);

    fn image(&self) -> &CodeImage {
        &purchase::IMAGE
    }
    fn role(&self) -> &'static str {
        "Shop"
    }
    fn restore(&self, step: &Step, state: Option<Self::State>) -> Self::Roles {
        let (what, late) = state.unwrap_or((None, self.late));
        let (step, world, price) = (step.clone(), self.world.clone(), self.price);
        let shop = Shop { step, what, price, late, world };
        Roles { customer: Elsewhere, shop, warehouse: Elsewhere }
    }
    fn save(&self, roles: &Self::Roles) -> Self::State {
        (roles.shop.what.clone(), roles.shop.late)
    }
    fn ended(&self, step: &Step, _: Self::Roles, ending: Option<&Ending>) {
        let how = ending.map_or("done".to_owned(), Ending::to_string);
        self.world.note(format!("{} {}", step.session(), step.role()), how);
    }
}

pub(super) struct Warehouse(pub(super) Option<String>);

impl purchase::Warehouse for Warehouse {
    fn on_send(&mut self, what: String) -> HandlerResult<()> {
        self.0 = Some(what);
        Ok(())
    }
    fn parcel(&mut self) -> HandlerResult<String> {
        Ok(format!("a box of {}", self.0.as_deref().unwrap_or("nothing")))
    }
    fn on_leave(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

pub(super) struct Warehouses;

impl Service for Warehouses {
    type Roles = Roles<Elsewhere, Elsewhere, Warehouse>;
    type State = Option<String>;

    fn image(&self) -> &CodeImage {
        &purchase::IMAGE
    }
    fn role(&self) -> &'static str {
        "Warehouse"
    }
    fn restore(&self, _: &Step, state: Option<Self::State>) -> Self::Roles {
        Roles { customer: Elsewhere, shop: Elsewhere, warehouse: Warehouse(state.flatten()) }
    }
    fn save(&self, roles: &Self::Roles) -> Self::State {
        roles.warehouse.0.clone()
    }
}

pub(super) fn all(engine: &Memory, world: &World, price: u64, late: u32) -> Server<Memory> {
    Server::new(engine.clone())
        .serve(Customers(world.clone()))
        .serve(Shops { world: world.clone(), price, late })
        .serve(Warehouses)
}

/// Does steps until there is nothing to do.
pub(super) fn work(server: &Server<Memory>) {
    while block_on(server.step()).expect("this engine makes no faults") {}
}

pub(super) fn start(engine: &Memory, key: &str) {
    block_on(Start::of(&purchase::IMAGE).called(key).on(engine)).expect("the name is free");
}

pub(super) fn ending(engine: &Memory, key: &str) -> Option<Ending> {
    // Where answers are lost, somebody hears one at last.
    let mut asked = std::iter::repeat_with(|| block_on(engine.ending(&SessionKey::from(key))));
    asked.find_map(Result::ok).expect("it is asked for ever")
}

/// A time that a test sets.
pub(super) fn with_time() -> (Memory, Arc<AtomicU64>) {
    let seconds = Arc::new(AtomicU64::new(0));
    let read = Arc::clone(&seconds);
    let now = move || Duration::from_secs(read.load(Ordering::Relaxed));
    (Memory::with_time(0, Faults::default(), now), seconds)
}

/// A service that does something odd.
pub(super) struct Odd<R, S> {
    pub(super) role: &'static str,
    pub(super) roles: fn(&Step) -> R,
    pub(super) state: fn() -> S,
    pub(super) ended: fn(Option<&Ending>),
}

impl<R, S> Service for Odd<R, S>
where
    R: NamedRoles + 'static,
    S: Serialize + DeserializeOwned + 'static,
{
    type Roles = R;
    type State = S;

    fn image(&self) -> &CodeImage {
        &purchase::IMAGE
    }
    fn role(&self) -> &str {
        self.role
    }
    fn restore(&self, step: &Step, _: Option<S>) -> R {
        (self.roles)(step)
    }
    fn save(&self, _: &R) -> S {
        (self.state)()
    }
    fn ended(&self, _: &Step, _: R, ending: Option<&Ending>) {
        (self.ended)(ending);
    }
}

/// The part of a customer who wants this.
pub(super) fn who_wants(
    wants: Result<&'static str, &'static str>,
) -> Roles<Customer, Elsewhere, Elsewhere> {
    Roles { customer: Customer::wants(wants), shop: Elsewhere, warehouse: Elsewhere }
}
