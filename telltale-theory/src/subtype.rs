//! Synchronous subtyping: which type of a role may stand in for which.
//!
//! `S ≤ T` when whoever behaves as `S` can stand where `T` is expected: it sends nothing that `T`
//! does not send, and takes all that `T` takes. The largest relation such that, when `S ≤ T`:
//!
//! ```text
//! T = end                 S = end
//! T = ⊕{ q!m. T_qm }      S = ⊕{ q!m. S_qm },  not empty, its (q,m) are some of T's, and each S_qm ≤ T_qm
//! T = &{ q?m. T_qm }      S = &{ q?m. S_qm },  its (q,m) include T's, and each S_qm ≤ T_qm for those of T;
//!                         S has more only if all come from one sender; both may end or neither may
//! ```
//!
//! This is the subtyping of Gay and Hole (*Subtyping for session types in the pi calculus*, Acta
//! Informatica 2005), read as processes rather than as channels, with messages to and from several
//! roles. The restriction to one sender is needed there: where `q` and `r` may both come first, a
//! message of `q` that `T` does not take yet may be waiting already, for later. Payload types are
//! the same or different, nothing between.
//!
//! There are larger relations for asynchronous messages, which let a role send earlier than it should, past what it
//! receives. They are undecidable, and this one is what people expect of a role: the same steps in the same order.

use std::collections::{BTreeMap, BTreeSet};

use telltale_types::{Direction, LabelView, LocalExit, LocalTypeR, StateId};

use crate::difference::{Act, Difference, LocalMessage, Reason};

/// Finds out whether whoever behaves as `sub` can stand where `sup` is expected.
///
/// Roles and messages are the same if they have the same names. Arms of parallel parts are compared in their order; whether they
/// have the same channels only the protocols say ([`compare`](crate::compare)).
///
/// # Errors
///
/// The first point where they part, with a shortest way to it.
///
/// ```
/// use telltale_theory::subtype;
/// use telltale_types::{Label, LocalTerm};
///
/// let then = |label| ("Bob", Label::new(label), LocalTerm::end());
/// let yes = LocalTerm::select([then("Yes")]).close()?;
/// let both = LocalTerm::select([then("Yes"), then("No")]).close()?;
/// assert!(subtype(&yes, &both).is_ok());
/// assert_eq!(
///     subtype(&both, &yes).unwrap_err().to_string(),
///     "at the start, it may send `Bob!No`; expected `Bob!Yes`",
/// );
/// # Ok::<(), telltale_types::TypeError>(())
/// ```
pub fn subtype(sub: &LocalTypeR, sup: &LocalTypeR) -> Result<(), Box<Difference>> {
    subtype_where(sub, sup, |_, _| true)
}

/// [`subtype`], where what happens in both types must besides be the same for some other reason.
pub(crate) fn subtype_where(
    sub: &LocalTypeR,
    sup: &LocalTypeR,
    is_same: impl Fn((StateId, LocalExit), (StateId, LocalExit)) -> bool,
) -> Result<(), Box<Difference>> {
    let mut seen = BTreeSet::from([START]);
    let mut found = vec![Found { pair: START, by: None }];
    let mut at = 0;
    while let Some(&Found { pair, .. }) = found.get(at) {
        let related = Related { sub, below: pair.0, sup, above: pair.1 };
        match related.steps(&is_same) {
            Ok(steps) => {
                let new = steps.into_iter().filter(|step| seen.insert(step.pair));
                let by = |message| Some((at, message));
                let new = new.map(|step| Found { pair: step.pair, by: by(step.message) });
                found.extend(new.collect::<Vec<_>>());
            }
            Err(reason) => {
                let path = path(sub, &found, at);
                let (state, other_state) = pair;
                let expected = related.expected();
                let reason = *reason;
                return Err(Box::new(Difference { path, state, other_state, reason, expected }));
            }
        }
        at += 1;
    }
    Ok(())
}

/// A state of each type.
type Pair = (StateId, StateId);

const START: Pair = (StateId::START, StateId::START);

/// A pair that must be related, and the first pair and step that demand it.
struct Found {
    pair: Pair,
    by: Option<(usize, Option<LocalExit>)>,
}

/// The messages on the way to a pair.
fn path(sub: &LocalTypeR, found: &[Found], to: usize) -> Vec<LocalMessage> {
    let steps = std::iter::successors(found[to].by, |(before, _)| found[*before].by);
    let messages = steps.filter_map(|(_, message)| message);
    let mut path: Vec<LocalMessage> =
        messages.map(|exit| LocalMessage::of(sub, exit.action)).collect();
    path.reverse();
    path
}

/// Two states that must be related.
#[derive(Clone, Copy)]
struct Related<'a> {
    sub: &'a LocalTypeR,
    below: StateId,
    sup: &'a LocalTypeR,
    above: StateId,
}

/// What must be related besides: after a message, or in silence.
struct Step {
    message: Option<LocalExit>,
    pair: Pair,
}

impl Related<'_> {
    fn steps(
        self,
        is_same: impl Fn((StateId, LocalExit), (StateId, LocalExit)) -> bool,
    ) -> Result<Vec<Step>, Box<Reason>> {
        let Self { sub, below, sup, above } = self;
        if let Some(steps) = self.arms()? {
            return Ok(steps);
        }
        let direction = sub.direction(below);
        if direction != sup.direction(above) || sub.may_end(below) != sup.may_end(above) {
            return Err(Reason::Acts(acts(sub, below)).into());
        }
        let (fewer, more) = (branches(sub, below), branches(sup, above));
        let (asked, answers) = match direction {
            None => return Ok(Vec::new()),
            Some(Direction::Send) => (&fewer, &more),
            Some(Direction::Receive) => (&more, &fewer),
        };
        let mut steps = Vec::new();
        for (message, asking) in asked {
            let Some(answering) = answers.get(message) else {
                return Err(self.without_answer(*asking, answers, direction).into());
            };
            let (own, other) = match direction {
                Some(Direction::Receive) => (*answering, *asking),
                _ => (*asking, *answering),
            };
            if !is_same((below, own), (above, other)) {
                return Err(Reason::Channel(LocalMessage::of(sub, own.action)).into());
            }
            steps.push(Step { message: Some(own), pair: (own.target, other.target) });
        }
        match fewer.iter().find(|(message, _)| !more.contains_key(*message)) {
            Some((_, exit)) if direction == Some(Direction::Receive) && !one_sender(&fewer) => {
                Err(Reason::OtherSender(LocalMessage::of(sub, exit.action)).into())
            }
            _ => Ok(steps),
        }
    }

    /// The arms of a parallel part, one by one; nothing if neither type has one here.
    fn arms(self) -> Result<Option<Vec<Step>>, Box<Reason>> {
        let Self { sub, below, sup, above } = self;
        match (sub.par(below), sup.par(above)) {
            (None, None) => Ok(None),
            (Some(one), Some(other)) if one.arms.len() == other.arms.len() => {
                let pairs = one.arms.into_iter().zip(other.arms).chain([(one.next, other.next)]);
                Ok(Some(pairs.map(|pair| Step { message: None, pair }).collect()))
            }
            _ => Err(Reason::Acts(acts(sub, below)).into()),
        }
    }

    /// Why a branch has no counterpart in the other type.
    fn without_answer(
        self,
        exit: LocalExit,
        answers: &Branches<'_>,
        direction: Option<Direction>,
    ) -> Reason {
        let (asking, answering) = match direction {
            Some(Direction::Receive) => (self.sup, self.sub),
            _ => (self.sub, self.sup),
        };
        let message = LocalMessage::of(asking, exit.action);
        let is_alike = |(peer, label): (&str, LabelView<'_>)| {
            (message.peer == peer) && message.label.name == label.name
        };
        let alike = answers.iter().find(|(key, _)| is_alike(**key));
        let alike = alike.map(|(_, exit)| LocalMessage::of(answering, exit.action));
        match (direction, alike) {
            (Some(Direction::Receive), Some(own)) => Reason::Payload { own, expected: message },
            (_, Some(expected)) => Reason::Payload { own: message, expected },
            (Some(Direction::Receive), None) => Reason::DoesNotTake(message),
            (_, None) => Reason::MaySend(message),
        }
    }

    fn expected(self) -> Vec<Act> {
        acts(self.sup, self.above)
    }
}

/// All that a role may do in a state.
fn acts(local: &LocalTypeR, state: StateId) -> Vec<Act> {
    let exits = local.exits(state).map(|exit| Act::Message(LocalMessage::of(local, exit.action)));
    let mut acts: Vec<Act> = exits.collect();
    if let Some(par) = local.par(state) {
        acts.push(Act::Fork { arms: par.arms.len() });
    } else if local.may_end(state) || acts.is_empty() {
        acts.push(Act::End);
    }
    acts
}

/// Peers and messages by name, since the two types may number them differently.
type Branches<'a> = BTreeMap<(&'a str, LabelView<'a>), LocalExit>;

fn branches(local: &LocalTypeR, state: StateId) -> Branches<'_> {
    let names = local.names();
    let event =
        |action: telltale_types::Action| (names.role(action.peer), names.label(action.label));
    local.exits(state).map(|exit| (event(exit.action), exit)).collect()
}

fn one_sender(branches: &Branches<'_>) -> bool {
    let mut senders = branches.keys().map(|(sender, _)| sender);
    let first = senders.next();
    senders.all(|sender| Some(sender) == first)
}
