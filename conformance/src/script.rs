//! Who answers in a session, from nothing but a seed: a handler for all roles, and role objects that
//! answer alike.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use telltale_vm::loader::CodeImage;
use telltale_vm::{
    Branch, Context, EffectHandler, HandlerResult, LabelId, Picked, RoleId, SessionId, Value,
};

use crate::payload::{Scripted, note_of, note_of_value, value_of};

/// What one role has done and heard of: `!Bob Share 7`, `?Seller Quote 12`.
pub type Log = Vec<String>;

/// What a role has done, in the parts whose order means something. If it does several things at once, the order of
/// those is nobody's business: each message is a part then.
fn parts<'l>(image: &CodeImage, role: usize, log: &'l [String]) -> BTreeMap<&'l str, Vec<&'l str>> {
    let is_one_thing = image.lane_count(RoleId::at(role)) == 0;
    let mut parts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in log {
        let message = line.match_indices(' ').nth(1).map_or(line.len(), |(end, _)| end);
        parts.entry(if is_one_thing { "" } else { &line[..message] }).or_default().push(line);
    }
    parts
}

/// Whether what a role has done in two runs is the same, as far as both go.
pub fn agree_so_far(image: &CodeImage, role: usize, one: &[String], other: &[String]) -> bool {
    let others = parts(image, role, other);
    parts(image, role, one).iter().all(|(message, one)| {
        // The same message may come in several lanes, in any order; what is sent is drawn in the order of asking.
        if message.starts_with('?') {
            return true;
        }
        let other = others.get(message).map_or(&[][..], Vec::as_slice);
        let both = one.len().min(other.len());
        one[..both] == other[..both]
    })
}

/// The same, where it is nobody's business in which lane a message came.
fn in_any_order<'l>(
    image: &CodeImage,
    role: usize,
    log: &'l [String],
) -> BTreeMap<&'l str, Vec<&'l str>> {
    let mut parts = parts(image, role, log);
    for (_, part) in parts.iter_mut().filter(|(message, _)| !message.is_empty()) {
        part.sort_unstable();
    }
    parts
}

/// Whether the roles have done the same in two runs.
pub fn are_alike(image: &CodeImage, ones: &[Log], others: &[Log]) -> bool {
    let is_alike = |(role, (one, other)): (usize, (&Log, &Log))| {
        in_any_order(image, role, one) == in_any_order(image, role, other)
    };
    ones.len() == others.len() && ones.iter().zip(others).enumerate().all(is_alike)
}

/// The number of an answer: the same for the same seed, role, question, and count of how often it was asked before.
fn draw(seed: u64, role: usize, question: u64, count: u32) -> u64 {
    [role as u64, question, count.into()].into_iter().fold(seed, |seed, part| {
        let mut bits = (seed ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits ^ (bits >> 31)
    })
}

/// The branch of so many that a number stands for.
fn branch_of(number: u64, branches: usize) -> usize {
    (number >> 7) as usize % branches
}

/// The number of a question, by the messages that may be the answer.
fn question<'m>(messages: impl IntoIterator<Item = (&'m str, &'m str)>) -> u64 {
    let words = messages.into_iter().flat_map(|(to, label)| [to, label]);
    let bytes = words.flat_map(|word| word.bytes().chain([b' ']));
    bytes.fold(0, |hash: u64, byte| hash.wrapping_mul(0x0100_0000_01b3) ^ u64::from(byte))
}

fn sent(to: &str, label: &str, ty: &str, number: u64) -> String {
    format!("!{to} {label} {}", note_of(ty, number))
}

fn told(from: &str, label: &str, note: &str) -> String {
    format!("?{from} {label} {note}")
}

/// A branch whose first message goes to several receivers: role objects give its payload once.
#[derive(Debug)]
pub struct GivenOnce {
    /// Who decides, by its id.
    pub role: usize,
    /// The receivers and labels of all branches, by their ids, in the order of the image.
    pub branches: &'static [(usize, usize)],
    /// Which of the branches.
    pub branch: usize,
    /// The other receivers.
    pub others: &'static [usize],
}

impl GivenOnce {
    fn is(&self, role: RoleId, branches: &[Branch], branch: usize) -> bool {
        let ids = |branch: &Branch| (branch.peer.index(), branch.label.index());
        self.role == role.index()
            && self.branch == branch
            && branches.iter().map(ids).eq(self.branches.iter().copied())
    }
}

/// A handler that answers for all roles of all sessions.
#[derive(Debug)]
pub struct Script {
    seed: u64,
    logs: Mutex<BTreeMap<(SessionId, RoleId), Log>>,
    /// How often each question has been asked.
    asked: Mutex<BTreeMap<(SessionId, RoleId, u64), u32>>,
    /// The branches whose payload it gives once, as role objects do.
    given_once: &'static [GivenOnce],
    /// What it has given for those who still get it, with the number of the payload.
    given: Mutex<BTreeMap<(SessionId, RoleId, u8, usize), u64>>,
}

impl Script {
    /// A handler with this seed.
    pub fn new(seed: u64) -> Self {
        let (logs, asked) = (Mutex::default(), Mutex::default());
        Self { seed, logs, asked, given_once: &[], given: Mutex::default() }
    }

    /// The same, but it gives these payloads once.
    #[must_use]
    pub fn giving_once(self, given_once: &'static [GivenOnce]) -> Self {
        Self { given_once, ..self }
    }

    /// What was given with a choice waits for the other receivers of its message.
    fn keep(&self, cx: &Context<'_>, branches: &[Branch], branch: usize, number: u64) {
        let given = self.given_once.iter().find(|given| given.is(cx.role(), branches, branch));
        let mut kept = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        for &other in given.map_or(&[][..], |given| given.others) {
            kept.insert((cx.session(), cx.role(), cx.lane(), other), number);
        }
    }

    /// The number of what has been given for a receiver, if it has.
    fn kept(&self, cx: &Context<'_>, to: RoleId) -> Option<u64> {
        let mut kept = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        kept.remove(&(cx.session(), cx.role(), cx.lane(), to.index()))
    }

    /// What each role of a session has done, in the order of their ids.
    pub fn logs(&self, session: SessionId, roles: usize) -> Vec<Log> {
        let logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let log = |role| logs.get(&(session, RoleId::at(role))).cloned().unwrap_or_default();
        (0..roles).map(log).collect()
    }

    /// How often a role has been asked and told something.
    pub fn done(&self, cx: &Context<'_>) -> usize {
        let logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        logs.get(&(cx.session(), cx.role())).map_or(0, Vec::len)
    }

    /// How often anybody has.
    pub fn count(&self) -> usize {
        let logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        logs.values().map(Vec::len).sum()
    }

    /// How often anybody of a session has.
    pub fn calls(&self, session: SessionId) -> usize {
        let logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let of_session = logs.iter().filter(|((of, _), _)| *of == session);
        of_session.map(|(_, log)| log.len()).sum()
    }

    // A role that is played through an endpoint has no count of its own.
    fn number(&self, cx: &Context<'_>, question: u64) -> u64 {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let count = asked.entry((cx.session(), cx.role(), question)).or_default();
        *count += 1;
        draw(self.seed, cx.role().index(), question, *count)
    }

    fn log(&self, cx: &Context<'_>, line: String) {
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        logs.entry((cx.session(), cx.role())).or_default().push(line);
    }

    fn give(&self, cx: &Context<'_>, to: RoleId, label: LabelId, number: u64) -> Value {
        let label = cx.label(label);
        self.log(cx, sent(cx.name(to), label.name, label.payload, number));
        value_of(label.payload, number)
    }
}

impl EffectHandler for Script {
    fn send(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
        if let Some(number) = self.kept(cx, to) {
            return Ok(value_of(cx.label(label).payload, number));
        }
        let number = self.number(cx, question([(cx.name(to), cx.label(label).name)]));
        Ok(self.give(cx, to, label, number))
    }

    fn receive(
        &self,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        self.log(cx, told(cx.name(from), cx.label(label).name, &note_of_value(value)));
        Ok(())
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        let message = |branch: &Branch| (cx.name(branch.peer), cx.label(branch.label).name);
        let number = self.number(cx, question(branches.iter().map(message)));
        let branch = branch_of(number, branches.len());
        self.keep(cx, branches, branch, number);
        let Branch { peer, label } = branches[branch];
        Ok(Picked { branch, value: self.give(cx, peer, label, number) })
    }
}

/// What the role objects of a session have in common.
#[derive(Clone, Debug)]
pub struct Actors {
    seed: u64,
    interruption: Option<Arc<Interruption>>,
}

/// One call that is not answered as it should be.
#[derive(Debug)]
struct Interruption {
    call: usize,
    answer: fn() -> HandlerResult<()>,
    calls: AtomicUsize,
}

impl Actors {
    /// Those that answer from this seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, interruption: None }
    }

    /// Those that answer so when they are called for so many times.
    #[must_use]
    pub fn interrupted_at(self, call: usize, answer: fn() -> HandlerResult<()>) -> Self {
        let calls = AtomicUsize::new(0);
        Self { interruption: Some(Arc::new(Interruption { call, answer, calls })), ..self }
    }

    fn interrupt(&self) -> HandlerResult<()> {
        match &self.interruption {
            Some(it) if it.calls.fetch_add(1, Ordering::Relaxed) == it.call => (it.answer)(),
            _ => Ok(()),
        }
    }
}

/// A role object of any role of any protocol. The traits of the roles are implemented by what the
/// build script writes.
#[derive(Debug)]
pub struct Actor {
    actors: Actors,
    role: usize,
    /// How often each question has been asked.
    asked: BTreeMap<u64, u32>,
    log: Log,
}

/// A first message of a choice: receiver, label and payload type.
pub type FirstMessage = (&'static str, &'static str, &'static str);

impl Actor {
    /// The actor of the role with this id.
    pub fn new(actors: &Actors, role: usize) -> Self {
        Self { actors: actors.clone(), role, asked: BTreeMap::new(), log: Log::new() }
    }

    /// What the role has done.
    pub fn into_log(self) -> Log {
        self.log
    }

    /// The number for a message that is asked for.
    ///
    /// # Errors
    ///
    /// When it is interrupted; so in all that follow.
    pub fn asked(&mut self, to: &str, label: &str, ty: &str) -> HandlerResult<u64> {
        self.actors.interrupt()?;
        let number = self.number(question([(to, label)]));
        self.log.push(sent(to, label, ty, number));
        Ok(number)
    }

    /// The payload of a message that is asked for.
    ///
    /// # Errors
    ///
    /// As [`Actor::asked`].
    pub fn give<T: Scripted>(&mut self, to: &str, label: &str, ty: &str) -> HandlerResult<T> {
        Ok(T::of(self.asked(to, label, ty)?))
    }

    /// The branch that is taken, and the number for its first message.
    ///
    /// # Errors
    ///
    /// As [`Actor::asked`].
    pub fn decide(&mut self, branches: &[FirstMessage]) -> HandlerResult<(usize, u64)> {
        self.actors.interrupt()?;
        let number = self.number(question(branches.iter().map(|(to, label, _)| (*to, *label))));
        let branch = branch_of(number, branches.len());
        let (to, label, ty) = branches[branch];
        self.log.push(sent(to, label, ty, number));
        Ok((branch, number))
    }

    /// Writes down what was received.
    ///
    /// # Errors
    ///
    /// As [`Actor::asked`].
    pub fn told(&mut self, from: &str, label: &str, note: &str) -> HandlerResult<()> {
        self.log.push(told(from, label, note));
        self.actors.interrupt()
    }

    fn number(&mut self, question: u64) -> u64 {
        let count = self.asked.entry(question).or_default();
        *count += 1;
        draw(self.actors.seed, self.role, question, *count)
    }
}
