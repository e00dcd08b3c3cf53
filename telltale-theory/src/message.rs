//! Every sentence about projection that a user can read.
//!
//! The sentences are parts, so that whoever knows where the exits stand in a source can name the
//! lines and lay the parts out in its own way; [`Explanation`]'s `Display` lays them out without a
//! source.

mod help;

use std::fmt;

use telltale_types::{GlobalExit, GlobalType, Names, StateId};

use crate::error::{Condition, Event, Limit, LimitReached, Violation};
use crate::{Insertion, Step};

/// Something whose place in a source is worth naming.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// Where somebody decides.
    Decision(StateId),
    /// Where a message is exchanged.
    Exchange(Step),
}

/// A violation in words. No part ends in a line break.
///
/// ```text
/// `Carol` cannot know whether to send `X` or `Y` to `Bob`                       title
///   `Alice` decides at line 11, and `Carol` is not told:                        decision
///     line 13, if `Alice -> Bob: Left`,   then `Carol -> Bob: X`                branches
///     line 16, if `Alice -> Bob: Right`,  then `Carol -> Bob: Y`
///   `Carol` has seen nothing so far in both.                                    seen
///   a run that goes wrong:  Alice!Bob:Right  Bob?Alice:Right  Carol!Bob:X       run
///   help: let `Alice` or `Bob` tell `Carol` first, with a different message …   help, without the word
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// Who cannot know what.
    pub title: String,
    /// Who decides.
    pub decision: String,
    /// What is decided, and what then: first the run with the act, then the run where it is wrong.
    pub branches: [Branch; 2],
    /// What the role has seen.
    pub seen: String,
    /// The run that goes wrong; of a long one, the last part.
    pub run: String,
    /// What would help.
    pub help: String,
}

/// What follows from a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Branch {
    /// Where the role acts, such as `line 13`.
    pub place: Option<String>,
    /// What was decided: ``if `Alice -> Bob: Left` ``.
    pub decided: String,
    /// What the role has to do: ``then `Carol -> Bob: X` ``.
    pub then: String,
}

/// More events than this are not shown.
const EVENTS_SHOWN: usize = 24;

impl Explanation {
    /// Explains a violation of a protocol. What is known of a source is asked for: the place of a
    /// decision or of a message, in words like `line 13`.
    pub fn of(
        violation: &Violation,
        global: &GlobalType,
        place: impl Fn(Spot) -> Option<String>,
    ) -> Self {
        let words = Words { global, names: global.names(), violation };
        Self {
            title: words.title(),
            decision: words.decision(place(Spot::Decision(violation.decision.state))),
            branches: words.branches(|step| place(Spot::Exchange(step))),
            seen: words.seen(),
            run: words.run(),
            help: words.help(),
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { title, decision, branches, seen, run, help } = self;
        writeln!(f, "{title}\n  {decision}")?;
        let widest = branches.iter().map(|branch| branch.decided.chars().count()).max();
        for Branch { place, decided, then } in branches {
            let place = place.as_ref().map_or_else(String::new, |place| format!("{place}, "));
            let decided = format!("{decided},");
            writeln!(f, "    {place}{decided:<width$}  {then}", width = widest.unwrap_or(0) + 1)?;
        }
        write!(f, "  {seen}\n  {run}\n  help: {help}")
    }
}

/// What is spoken of.
struct Words<'a> {
    global: &'a GlobalType,
    names: &'a Names,
    violation: &'a Violation,
}

impl Words<'_> {
    fn role(&self) -> &str {
        self.names.role(self.violation.role)
    }

    fn title(&self) -> String {
        let (role, act) = (self.role(), self.violation.act.of(self.global));
        let instead = self.violation.instead.map(|step| step.of(self.global));
        let (one, other) = match instead {
            Some(instead) if self.same_peer(act, instead) => {
                let sent = format!("`{}`", self.names.label(act.label).name);
                (format!("to send {sent}"), self.sent(instead))
            }
            Some(instead) if self.violation.condition == Condition::ReceiveValidity => {
                let taken = self.received(instead);
                (format!("to take {}", self.received(act)), format!("{taken} first"))
            }
            Some(instead) if self.sends(act) && self.sends(instead) => {
                (format!("to send {}", self.sent(act)), self.sent(instead))
            }
            Some(instead) => (self.does(act), self.does(instead)),
            None if self.sends(act) => (self.does(act), "nothing".to_owned()),
            None => (self.does(act), "to stop".to_owned()),
        };
        let told = match self.violation.condition {
            Condition::Fork => "is not told that its parts of a `par` begin: it ",
            Condition::Join => "is not told that its arm of a `par` is over: it ",
            _ => "",
        };
        format!("`{role}` {told}cannot know whether {one} or {other}")
    }

    /// Whether the role sends both, to one receiver.
    fn same_peer(&self, act: GlobalExit, instead: GlobalExit) -> bool {
        self.sends(act) && self.sends(instead) && act.receiver == instead.receiver
    }

    fn sends(&self, exit: GlobalExit) -> bool {
        exit.sender == self.violation.role
    }

    fn does(&self, exit: GlobalExit) -> String {
        if self.sends(exit) {
            format!("to send {}", self.sent(exit))
        } else {
            format!("to wait for {}", self.received(exit))
        }
    }

    fn sent(&self, exit: GlobalExit) -> String {
        format!("`{}` to `{}`", self.names.label(exit.label).name, self.names.role(exit.receiver))
    }

    fn received(&self, exit: GlobalExit) -> String {
        format!("`{}` from `{}`", self.names.label(exit.label).name, self.names.role(exit.sender))
    }

    fn decision(&self, place: Option<String>) -> String {
        let decider = self.names.role(self.violation.decision.decider);
        let at = place.map_or_else(String::new, |place| format!(" at {place}"));
        let in_time = match self.violation.condition {
            Condition::ReceiveValidity => " in time",
            _ => "",
        };
        format!("`{decider}` decides{at}, and `{}` is not told{in_time}:", self.role())
    }

    fn branches(&self, place: impl Fn(Step) -> Option<String>) -> [Branch; 2] {
        let violation = self.violation;
        let branch = |decided: Step, then: Option<Step>| Branch {
            place: place(then.unwrap_or(decided)),
            decided: format!("if {}", self.exchange(decided)),
            then: match then {
                Some(then) if then == decided => format!("then `{}` has to take it", self.role()),
                Some(then) => format!("then {}", self.exchange(then)),
                None => self.nothing_more(),
            },
        };
        let decision = violation.decision;
        [branch(decision.here, Some(violation.act)), branch(decision.there, violation.instead)]
    }

    /// What the role still hears of after the decision is named, since it stands there as well.
    fn nothing_more(&self) -> String {
        let role = &self.violation.role;
        let takes_part = |step: &&Step| {
            let exit = step.of(self.global);
            *role == exit.sender || *role == exit.receiver
        };
        let [_, there] = self.violation.after_decision();
        match there.iter().rfind(takes_part) {
            Some(last) => {
                format!("then, after {}, nothing more for `{}`", self.exchange(*last), self.role())
            }
            None => format!("then nothing more for `{}`", self.role()),
        }
    }

    fn exchange(&self, step: Step) -> String {
        let exit = step.of(self.global);
        let (from, to) = (self.names.role(exit.sender), self.names.role(exit.receiver));
        format!("`{from} -> {to}: {}`", self.names.label(exit.label).name)
    }

    fn seen(&self) -> String {
        let role = self.role();
        match &self.violation.seen[..] {
            [] => format!("`{role}` has seen nothing so far in both."),
            seen => format!("`{role}` has seen the same so far in both:  {}", self.events(seen)),
        }
    }

    fn run(&self) -> String {
        let events = self.events(&self.violation.wrong);
        match self.violation.condition {
            Condition::SilentEnd => {
                format!("a run after which `{}` waits for ever:  {events}", self.role())
            }
            _ if !self.violation.wrong.is_empty() => format!("a run that goes wrong:  {events}"),
            Condition::Fork => format!(
                "a role with parts in several arms of a `par` has to know that they begin, and `{}` does not",
                self.role()
            ),
            Condition::Join => format!(
                "a role with parts in several arms of a `par` has to know when each is over, and `{}` does not",
                self.role()
            ),
            _ => format!(
                "a role with parts in several arms of a `par` has to know that they begin, and when each is over; `{}` does not",
                self.role()
            ),
        }
    }

    fn events(&self, events: &[Event]) -> String {
        let hidden = events.len().saturating_sub(EVENTS_SHOWN);
        let before = (hidden > 0).then(|| format!("({hidden} events)"));
        let shown = events[hidden..].iter().map(|event| event.display(self.names));
        before.into_iter().chain(shown).collect::<Vec<_>>().join("  ")
    }
}

impl Insertion {
    /// The message as a statement of the choreography language: `Alice -> Carol: Left;`.
    pub fn statement(&self, names: &Names) -> String {
        format!("{} -> {}: {};", names.role(self.sender), names.role(self.receiver), self.label)
    }
}

/// That not everything is explained.
pub(crate) fn more(count: usize) -> String {
    match count {
        1 => "and one more violation".to_owned(),
        _ => format!("and {count} more violations"),
    }
}

/// What a limit was reached by, and how it can be raised.
pub(crate) fn limit(reached: &LimitReached, global: &GlobalType) -> String {
    let LimitReached { what, role, decision, given, limit } = reached;
    let role = global.names().role(*role);
    let decider = decision.and_then(|state| global.sender(state));
    let once = decider.map_or_else(String::new, |decider| {
        format!(", once `{}` has decided from whom it hears first,", global.names().role(decider))
    });
    match what {
        Limit::States => {
            format!("the machine of `{role}` has {given} states or more, but the limit is {limit}")
        }
        Limit::Exits => {
            format!(
                "the machines of all roles have {given} exits or more, but the limit is {limit}"
            )
        }
        Limit::Overtaking => format!(
            "whether messages to `{role}` overtake each other{once} takes {given} steps or more \
             to find out, but the limit is {limit}"
        ),
    }
}
