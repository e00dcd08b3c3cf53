//! Roles that do anything that their protocol allows.

pub(crate) mod draw;
mod generators;
pub(crate) mod scalars;
mod seeds;

use std::collections::BTreeMap;
use std::fmt;

use telltale_vm::{Branch, Context, EffectHandler, HandlerResult, LabelId, Picked, RoleId, Value};
use thiserror::Error;

use draw::Draw;
use generators::Generators;
#[cfg(feature = "proptest")]
pub use generators::strategy;
pub use seeds::for_every_seed;

/// A handler that plays roles at random: every choice and every payload is drawn from a seed.
///
/// The same seed gives the same answers, whatever the order of turns: they depend on the seed, the session, the role and how
/// many effects the role had before. (Where a role does several things at once, these count one by one.)
///
/// Scalars, `String`, `Vec<u8>` and messages without payload need nothing. For everything else, or to stay within what makes
/// sense, say how payloads are made, [by label](Random::by_label) or [by type](Random::by_type). A payload that
/// nobody can make is an error that names it.
///
/// ```
/// # use telltale_vm::{ByHandler, HandlerResult, choreography};
/// # choreography! {
/// #     pub protocol Offer(Customer, Shop) {
/// #         Customer -> Shop: Ask(String);
/// #         Shop -> Customer: Price(u64);
/// #         choice Answer at Customer { Customer -> Shop: Buy { address: String }; } or { Customer -> Shop: Leave; }
/// #     }
/// # }
/// # #[derive(Default)]
/// # struct Shop { price: u64, sold: u64 }
/// # impl offer::Shop for Shop {
/// #     fn on_ask(&mut self, ask: String) -> HandlerResult<()> { self.price = ask.len() as u64; Ok(()) }
/// #     fn price(&mut self) -> HandlerResult<u64> { Ok(self.price) }
/// #     fn on_buy(&mut self, _: String) -> HandlerResult<()> { self.sold += self.price; Ok(()) }
/// #     fn on_leave(&mut self) -> HandlerResult<()> { Ok(()) }
/// # }
/// # fn main() {
/// use telltale_testing::{Random, for_every_seed};
///
/// for_every_seed(100, |seed| {
///     let random = Random::new(seed)
///         .by_label("Buy", |draw| format!("Rose Street {}", draw.between(1, 99)))
///         .weight("Buy", 3);
///     let roles = offer::Roles { customer: ByHandler, shop: Shop::default() }.play_with(&random)?;
///     assert!(roles.shop.sold <= roles.shop.price);
///     Ok(())
/// });
/// # }
/// ```
pub struct Random {
    seed: u64,
    generators: Generators,
    weights: BTreeMap<String, u32>,
    limit: u64,
}

/// How many effects a role may have in a session, unless [`Random::limit`] says something else.
const LIMIT: u64 = 10_000;

impl Random {
    /// A handler with this seed.
    ///
    /// ```
    /// use telltale_testing::Random;
    ///
    /// assert_eq!(format!("{:?}", Random::new(7)), "Random::new(7)");
    /// ```
    pub fn new(seed: u64) -> Self {
        Self { seed, generators: Generators::default(), weights: BTreeMap::new(), limit: LIMIT }
    }

    /// The payloads of all messages with this label are made like this.
    ///
    /// ```
    /// use telltale_testing::Random;
    ///
    /// let random = Random::new(7).by_label("Price", |draw| draw.between(1, 100_u64));
    /// ```
    #[must_use]
    pub fn by_label<T: Send + 'static>(
        mut self,
        label: &str,
        make: impl Fn(&mut Draw) -> T + Send + Sync + 'static,
    ) -> Self {
        self.generators.add_label(label, make);
        self
    }

    /// The payloads of all messages that carry a `T` are made like this, unless there is something for their label.
    ///
    /// A type is recognised by its last name, as protocols spell it: `chrono::NaiveDate` and `NaiveDate` are the same, and an alias
    /// is not.
    ///
    /// ```
    /// use telltale_testing::Random;
    ///
    /// #[derive(Clone, Copy)]
    /// enum Colour { Red, Green }
    ///
    /// let random = Random::new(7).by_type(|draw| *draw.pick(&[Colour::Red, Colour::Green]));
    /// ```
    #[must_use]
    pub fn by_type<T: Send + 'static>(
        mut self,
        make: impl Fn(&mut Draw) -> T + Send + Sync + 'static,
    ) -> Self {
        self.generators.add_type(make);
        self
    }

    /// Branches that begin with this label are chosen so many times as often as others; 0 means never.
    ///
    /// ```
    /// use telltale_testing::Random;
    ///
    /// let random = Random::new(7).weight("Buy", 3).weight("Leave", 0);
    /// ```
    #[must_use]
    pub fn weight(mut self, label: &str, weight: u32) -> Self {
        self.weights.insert(label.to_owned(), weight);
        self
    }

    /// A role that has been asked and told so many things gives up, so that a loop that is left too rarely does not keep a test
    /// for ever. Without this, it is 10,000.
    ///
    /// ```
    /// use telltale_testing::Random;
    ///
    /// let random = Random::new(7).limit(100);
    /// ```
    #[must_use]
    pub fn limit(self, effects: u64) -> Self {
        Self { limit: effects, ..self }
    }

    /// The numbers for what the role is asked now.
    ///
    /// They do not come from `Context::seed`, which depends on the seed of the VM: that one also decides the order of
    /// turns, and the same answers are to be tried in every order.
    fn draw(&self, cx: &Context<'_>) -> HandlerResult<Draw> {
        if cx.count() >= self.limit {
            let role = cx.role_name().to_owned();
            return Err(TooLong { role, limit: self.limit, seed: self.seed }.into());
        }
        let actor = cx.role().index() as u64 | u64::from(cx.lane()) << 8;
        let mut draw = Draw::new(self.seed);
        for part in [cx.session().ordinal(), actor, cx.count()] {
            draw = Draw::new(draw.bits() ^ Draw::new(part).bits());
        }
        Ok(draw)
    }

    fn payload(&self, cx: &Context<'_>, label: LabelId, draw: &mut Draw) -> HandlerResult<Value> {
        let label = cx.label(label);
        self.generators.make(label.name, label.payload, draw).ok_or_else(|| {
            let (label, ty) = (label.name.to_owned(), label.payload.to_owned());
            NoGenerator { label, ty, seed: self.seed }.into()
        })
    }
}

impl EffectHandler for Random {
    fn send(&self, cx: &Context<'_>, _: RoleId, label: LabelId) -> HandlerResult<Value> {
        self.payload(cx, label, &mut self.draw(cx)?)
    }

    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Ok(())
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        let mut draw = self.draw(cx)?;
        let weight = |branch: &Branch| {
            self.weights.get(cx.label(branch.label).name).copied().unwrap_or(1).into()
        };
        let weights: Vec<u64> = branches.iter().map(weight).collect();
        let Some(branch) = draw.weighted(&weights) else {
            return Err(format!("no branch of `{}` has a weight", cx.role_name()).into());
        };
        let value = self.payload(cx, branches[branch].label, &mut draw)?;
        Ok(Picked { branch, value })
    }
}

/// Something that can be pasted; generators are not shown.
impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Random::new({})", self.seed)
    }
}

/// A payload that nobody can make.
#[derive(Debug, Error)]
#[error(
    "nobody says how to make a payload for `{label}`, which carries `{ty}` (`Random::new({seed})`): \
     add `.by_label(\"{label}\", |draw| …)`"
)]
struct NoGenerator {
    label: String,
    ty: String,
    seed: u64,
}

#[derive(Debug, Error)]
#[error(
    "`{role}` has been asked and told {limit} things, which is the limit: a `weight` can make it leave a loop earlier, and \
     `limit` is for long sessions (`Random::new({seed})`)"
)]
struct TooLong {
    role: String,
    limit: u64,
    seed: u64,
}
