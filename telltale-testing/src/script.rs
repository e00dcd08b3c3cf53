//! Roles that do what a script says, and notice when anything else happens.

pub(crate) mod error;
mod line;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::panic::Location;
use std::sync::{Mutex, MutexGuard, PoisonError};

use telltale_vm::{
    Branch, Context, EffectHandler, HandlerError, HandlerResult, LabelId, Picked, RoleId,
    SessionId, Value, pack,
};

use crate::payload;
use error::{Happened, ScriptError};
use line::{Gift, Line, Takes, What};

/// A handler that plays roles line by line.
///
/// Each line says what one role does next: what it [sends](Script::send), what it [chooses](Script::choose), what it
/// [receives](Script::expect). Lines of one role are in order; those of different roles are independent of each other,
/// as the roles are. When something else happens than the script says, the session faults, and the fault names the line:
///
/// ```
/// # use telltale_vm::{ByHandler, HandlerResult, choreography};
/// # choreography! {
/// #     pub protocol Offer(Customer, Shop) {
/// #         Customer -> Shop: Ask(String);
/// #         Shop -> Customer: Price(u64);
/// #         choice Answer at Customer { Customer -> Shop: Buy; } or { Customer -> Shop: Leave; }
/// #     }
/// # }
/// # #[derive(Default)]
/// # struct Shop { sold: u32 }
/// # impl offer::Shop for Shop {
/// #     fn on_ask(&mut self, _: String) -> HandlerResult<()> { Ok(()) }
/// #     fn price(&mut self) -> HandlerResult<u64> { Ok(1_000) }
/// #     fn on_buy(&mut self) -> HandlerResult<()> { self.sold += 1; Ok(()) }
/// #     fn on_leave(&mut self) -> HandlerResult<()> { Ok(()) }
/// # }
/// # fn main() {
/// use telltale_testing::Script;
///
/// let script = Script::new()
///     .send("Customer", "Ask", "a piano")
///     .expect("Customer", "Price", 25)
///     .choose("Customer", "Buy", ());
/// let played = offer::Roles { customer: ByHandler, shop: Shop::default() }.play_with(&script);
///
/// let error = played.err().expect("the price is 1000").to_string();
/// assert!(error.contains("expected `Customer` to receive `Price` with 25 ("));
/// assert!(error.ends_with("), but it received `Price` with 1000"));
/// # }
/// ```
///
/// What a role receives needs no line, unless its next line is about something that it receives: then the next message
/// must be that one. ([`Script::strict`] wants a line for every message.) What it sends and chooses always needs one. Every
/// session plays the script from its first line. In the end, [`Script::finish`] says whether all lines have been used.
///
/// A role that does several things at once (in the arms of a `par`) still has one list of lines. What it sends comes in their order: a
/// lane whose line is not the next one waits for the others, so a role can send `Cancel` after it has received two
/// pieces. What it receives may come in another order, if that is in another lane.
///
/// Numbers and texts can be written as literals: `25` where a message carries a `u64`, `"tea"` where it carries a
/// `String`. A message with several fields, named or not, carries a tuple of them.
#[derive(Default)]
pub struct Script {
    lines: Vec<Line>,
    is_strict: bool,
    others: Option<Box<dyn EffectHandler + Send>>,
    sessions: Mutex<Sessions>,
}

/// The sessions that have played the script, by their names, which those of several machines may share.
type Sessions = BTreeMap<SessionId, Vec<Played>>;

/// One session that plays the script: how far its roles have come.
struct Played {
    session: SessionId,
    places: BTreeMap<RoleId, Place>,
}

/// How far a role of a session has come.
struct Place {
    role: String,
    /// The lines that have been used.
    used: BTreeSet<usize>,
    /// For each lane, the number of the role's effect, and the line that was used last.
    last: BTreeMap<u8, (u64, usize)>,
}

/// Why no line is used.
enum Miss<'s> {
    /// Others of the role come first, in other lanes.
    Later,
    /// The next one, if there is one, is about something else.
    Other(Option<&'s Line>),
}

impl Script {
    /// A script without lines.
    ///
    /// ```
    /// use telltale_testing::Script;
    ///
    /// assert!(Script::new().finish().is_ok());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// The role sends this payload when it is asked for a message with this label. If it is to decide, it chooses the
    /// branch that begins with the label.
    ///
    /// Scalars, texts and bytes are sent in each session that plays the script; any other payload only once, for it
    /// cannot be copied: [`Script::send_with`] makes one for each session.
    ///
    /// ```
    /// use telltale_testing::Script;
    ///
    /// let script = Script::new().send("Customer", "Ask", "a teapot").send("Warehouse", "Parcel", 4711);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn send<T: Send + 'static>(self, role: &str, label: &str, payload: T) -> Self {
        self.with(role, label, What::Sends(Gift::once(pack(payload))))
    }

    /// As [`Script::send`], with a payload that is made anew for each session.
    ///
    /// ```
    /// use telltale_testing::Script;
    ///
    /// let script = Script::new().send_with("Customer", "Order", || vec![("tea", 2), ("cake", 1)]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn send_with<T: Send + 'static>(
        self,
        role: &str,
        label: &str,
        payload: impl Fn() -> T + Send + 'static,
    ) -> Self {
        self.with(role, label, What::Sends(Gift::made(payload::packing(payload))))
    }

    /// The role decides for the branch that begins with this label, and sends this payload.
    ///
    /// ```
    /// use telltale_testing::Script;
    ///
    /// let script = Script::new().choose("Customer", "Leave", ());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn choose<T: Send + 'static>(self, role: &str, label: &str, payload: T) -> Self {
        self.with(role, label, What::Chooses(None, Gift::once(pack(payload))))
    }

    /// As [`Script::choose`], where several branches begin with the label: the one whose message goes to `to`.
    ///
    /// ```
    /// use telltale_testing::Script;
    ///
    /// let script = Script::new().choose_to("Broker", "Alice", "Award", 40);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn choose_to<T: Send + 'static>(
        self,
        role: &str,
        to: &str,
        label: &str,
        payload: T,
    ) -> Self {
        self.with(role, label, What::Chooses(Some(to.to_owned()), Gift::once(pack(payload))))
    }

    /// As [`Script::choose`], with a payload that is made anew for each session.
    ///
    /// ```
    /// use telltale_testing::Script;
    ///
    /// let script = Script::new().choose_with("Customer", "Order", || vec![("tea", 2)]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn choose_with<T: Send + 'static>(
        self,
        role: &str,
        label: &str,
        payload: impl Fn() -> T + Send + 'static,
    ) -> Self {
        self.with(role, label, What::Chooses(None, Gift::made(payload::packing(payload))))
    }

    /// The role gives up when it is asked for a message with this label, or is to decide and a branch begins with it.
    ///
    /// ```
    /// use telltale_testing::Script;
    ///
    /// let script = Script::new().fail("Warehouse", "Parcel", "the lorry has broken down");
    /// ```
    #[must_use]
    #[track_caller]
    pub fn fail(self, role: &str, label: &str, why: &str) -> Self {
        self.with(role, label, What::Fails(why.to_owned()))
    }

    /// The next message that the role receives has this label and this payload.
    ///
    /// ```
    /// use telltale_testing::Script;
    ///
    /// let script = Script::new().expect("Customer", "Price", 25).expect("Warehouse", "Rest", ());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn expect<T: PartialEq + Debug + Send + 'static>(
        self,
        role: &str,
        label: &str,
        payload: T,
    ) -> Self {
        self.with(role, label, What::Receives(Takes::this(payload)))
    }

    /// The next message that the role receives has this label and a payload for which this holds.
    ///
    /// ```
    /// use telltale_testing::Script;
    ///
    /// let script = Script::new().expect_that("Customer", "Price", |price: &u64| *price < 30);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn expect_that<T: Debug + Send + 'static>(
        self,
        role: &str,
        label: &str,
        holds: impl Fn(&T) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.with(role, label, What::Receives(Takes::that(holds)))
    }

    /// The next message that the role receives has this label, whatever its payload.
    ///
    /// ```
    /// use telltale_testing::Script;
    ///
    /// let script = Script::new().expect_any("Warehouse", "Pack");
    /// ```
    #[must_use]
    #[track_caller]
    pub fn expect_any(self, role: &str, label: &str) -> Self {
        self.with(role, label, What::Receives(Takes::any()))
    }

    /// Every message that a role receives needs a line, not only what it sends and chooses.
    ///
    /// ```
    /// use telltale_testing::Script;
    ///
    /// let script = Script::new().strict().expect("Warehouse", "Rest", ());
    /// ```
    #[must_use]
    pub fn strict(self) -> Self {
        Self { is_strict: true, ..self }
    }

    /// Roles without a line are played by another handler: a [random one](crate::Random), for example.
    ///
    /// ```
    /// use telltale_testing::{Random, Script};
    ///
    /// let script = Script::new().send("Customer", "Ask", "a teapot").others(Random::new(7));
    /// ```
    #[must_use]
    pub fn others(self, handler: impl EffectHandler + Send + 'static) -> Self {
        Self { others: Some(Box::new(handler)), ..self }
    }

    /// Whether every line has been used, in every session that has used one. The script can then be played again.
    ///
    /// ```
    /// use telltale_testing::Script;
    ///
    /// let script = Script::new().send("Warehouse", "Parcel", 4711);
    /// let error = script.finish().expect_err("nobody has played it").to_string();
    /// assert!(error.starts_with("expected `Warehouse` to send `Parcel` ("));
    /// assert!(error.ends_with("), but no role of this name was asked or told anything"));
    /// ```
    ///
    /// # Errors
    ///
    /// When a line has not been used: the first of them.
    pub fn finish(&self) -> Result<(), ScriptError> {
        let sessions = std::mem::take(&mut *self.sessions());
        let has_begun = |it: &Played| it.places.values().any(|place| !place.used.is_empty());
        let begun: Vec<Played> = sessions.into_values().flatten().filter(has_begun).collect();
        if begun.is_empty() {
            return self.unused(|_| None, None);
        }
        for Played { session, places } in &begun {
            let used = |role: &str| {
                places.values().find(|place| place.role == role).map(|place| &place.used)
            };
            self.unused(used, (begun.len() > 1).then_some(*session))?;
        }
        Ok(())
    }

    /// An error if a line has not been used by its role, which has used those that are given, if it has played.
    fn unused<'a>(
        &self,
        used: impl Fn(&str) -> Option<&'a BTreeSet<usize>>,
        session: Option<SessionId>,
    ) -> Result<(), ScriptError> {
        for (at, line) in self.lines.iter().enumerate() {
            let happened = match used(&line.role) {
                None => Happened::Nothing { session },
                Some(used) if !used.contains(&at) => Happened::End { session },
                Some(_) => continue,
            };
            return Err(ScriptError::new(&line.role, line, happened));
        }
        Ok(())
    }

    #[track_caller]
    fn with(mut self, role: &str, label: &str, what: What) -> Self {
        let (role, label, at) = (role.to_owned(), label.to_owned(), Location::caller());
        self.lines.push(Line { role, label, what, at });
        self
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who plays the role, if not the script.
    fn other(&self, cx: &Context<'_>) -> Option<&dyn EffectHandler> {
        let others = self.others.as_deref()?;
        let is_in_script = self.lines.iter().any(|line| line.role == cx.role_name());
        (!is_in_script).then_some(others)
    }

    /// The next line of the role, which is used if it `fits`. In a lane, what it receives is the first that fits.
    ///
    /// A role that is asked again, because its answer was late, has the same line again.
    fn line(
        &self,
        cx: &Context<'_>,
        is_told: bool,
        fits: impl Fn(&Line) -> bool,
    ) -> Result<&Line, Miss<'_>> {
        let (role, session, count) = (cx.role_name(), cx.session(), cx.count());
        let mut sessions = self.sessions();
        let of_name = sessions.entry(session).or_default();
        let known = of_name.iter().position(|it| it.session.is_of_same_vm(session));
        let at = known.unwrap_or_else(|| {
            of_name.push(Played { session, places: BTreeMap::new() });
            of_name.len() - 1
        });
        let place = || {
            let (used, last) = (BTreeSet::new(), BTreeMap::new());
            Place { role: role.to_owned(), used, last }
        };
        let place = of_name[at].places.entry(cx.role()).or_insert_with(place);
        let again = place.last.get(&cx.lane()).filter(|(last, _)| *last == count);
        let is_open = |at: &usize| self.lines[*at].role == role && !place.used.contains(at);
        let mut open = (0..self.lines.len()).filter(is_open);
        let next = again.map(|&(_, at)| at).or_else(|| open.next());
        let next = next.ok_or(Miss::Other(None))?;
        let mut fitting = [next].into_iter().chain(open).filter(|at| fits(&self.lines[*at]));
        let at = match fitting.next() {
            Some(at) if at == next || cx.lane() > 0 && is_told => at,
            Some(_) if cx.lane() > 0 => return Err(Miss::Later),
            // It may be received in another lane.
            None if cx.lane() > 0 && !is_told && self.lines[next].receives() => {
                return Err(Miss::Later);
            }
            _ => return Err(Miss::Other(Some(&self.lines[next]))),
        };
        place.used.insert(at);
        place.last.insert(cx.lane(), (count, at));
        Ok(&self.lines[at])
    }

    /// What a role answers that has no line for what it is asked.
    fn no_answer(&self, cx: &Context<'_>, miss: &Miss<'_>, happened: Happened) -> HandlerError {
        match miss {
            // Asked again when something has happened in another lane.
            Miss::Later => HandlerError::pending(),
            Miss::Other(next) => self.refuse(cx, *next, happened).into(),
        }
    }

    /// Something has happened for which the next line of the role is not.
    fn refuse(&self, cx: &Context<'_>, next: Option<&Line>, happened: Happened) -> ScriptError {
        let role = cx.role_name();
        let last = || self.lines.iter().rfind(|line| line.role == role);
        match next {
            Some(next) => ScriptError::new(role, next, happened),
            None => ScriptError::no_line(role, last(), happened),
        }
    }
}

impl EffectHandler for Script {
    fn send(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
        if let Some(other) = self.other(cx) {
            return other.send(cx, to, label);
        }
        let label = cx.label(label);
        let gives = |line: &Line| matches!(line.what, What::Sends(_) | What::Fails(_));
        let line = self.line(cx, false, |line| line.label == label.name && gives(line));
        let happened = || Happened::Asked { label: label.name.to_owned() };
        let line = line.map_err(|miss| self.no_answer(cx, &miss, happened()))?;
        line.gives(label.name, label.payload)
    }

    fn receive(
        &self,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        if let Some(other) = self.other(cx) {
            return other.receive(cx, from, label, value);
        }
        let name = cx.label(label).name;
        let is_due = |next: Option<&Line>| cx.lane() == 0 && next.is_some_and(Line::receives);
        match self.line(cx, true, |line| line.label == name && line.receives()) {
            Ok(line) => Ok(line.takes(value)?),
            Err(Miss::Other(next)) if self.is_strict || is_due(next) => {
                let (label, payload) = (name.to_owned(), payload::shown(&value));
                Err(self.refuse(cx, next, Happened::Told { label, payload }).into())
            }
            Err(_) => Ok(()),
        }
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        if let Some(other) = self.other(cx) {
            return other.choose(cx, branches);
        }
        let is_of = |line: &Line, branch: &Branch| {
            line.label == cx.label(branch.label).name && line.goes_to(cx.name(branch.peer))
        };
        let position = |line: &Line| branches.iter().position(|branch| is_of(line, branch));
        let line = self.line(cx, false, |line| !line.receives() && position(line).is_some());
        let happened = || {
            let name = |branch: &Branch| cx.label(branch.label).name.to_owned();
            Happened::Decides { labels: branches.iter().map(name).collect() }
        };
        let line = line.map_err(|miss| self.no_answer(cx, &miss, happened()))?;
        // A line that fits is about one of the branches.
        let branch = position(line).unwrap_or_default();
        let label = cx.label(branches[branch].label);
        Ok(Picked { branch, value: line.gives(label.name, label.payload)? })
    }
}

impl Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.lines).finish()
    }
}
