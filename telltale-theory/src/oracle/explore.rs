//! Runs that local types have together, compared with those of their protocol.
//!
//! A role whose local type begins a parallel part does all arms of it at once, and goes on when all
//! of them are over. Neither is an event.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use telltale_types::{
    Direction, GlobalType, LaneId, Lanes, LocalExit, LocalState, LocalTypeR, RoleId, Split, StateId,
};

use super::semantics::{Channels, Runs};
use crate::Event;

/// How an implementation differs from its protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misbehaviour {
    /// The last event of this run is not in any run of the protocol that begins so.
    Wrong(Vec<Event>),
    /// After this run nothing can happen, although somebody waits or a message is under way.
    Stuck(Vec<Event>),
    /// After this run the protocol could go on in this way, and the implementation cannot.
    Missing(Vec<Event>),
}

/// How much was explored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explored {
    /// How many situations were come to.
    pub situations: usize,
    /// Whether that was all of them.
    pub all: bool,
}

/// Runs local types, one per role of the protocol, in every possible way, up to runs of `depth`
/// events and to so many situations.
///
/// # Errors
///
/// The first way in which they differ from the protocol.
pub fn explore(
    global: &GlobalType,
    locals: &[LocalTypeR],
    depth: usize,
    situations: usize,
) -> Result<Explored, Misbehaviour> {
    let runs = Runs::of(global);
    let alphabet = runs.alphabet();
    let machine = |(at, local)| Machine::of(global, RoleId::at(at), local);
    let machines: Vec<Machine> = locals.iter().enumerate().map(machine).collect();
    walk(
        &machines,
        (depth, situations),
        |_| Ok(()),
        |situation, next| {
            if next.is_empty() && !situation.is_final(&machines) {
                return Err(Misbehaviour::Stuck(situation.run.clone()));
            }
            if let Some(run) = situation.missing(&runs, &alphabet, next) {
                return Err(Misbehaviour::Missing(run));
            }
            match next.iter().find(|next| !runs.has(&next.run)) {
                Some(wrong) => Err(Misbehaviour::Wrong(wrong.run.clone())),
                None => Ok(()),
            }
        },
    )
}

/// Goes through all situations, those with short runs first, up to runs of a depth and to so many situations. `arrived` looks at each
/// of them, and `goes_on` at those that are not too deep, with what can come next.
pub(super) fn walk<E>(
    machines: &[Machine<'_>],
    (depth, situations): (usize, usize),
    mut arrived: impl FnMut(&Situation) -> Result<(), E>,
    mut goes_on: impl FnMut(&Situation, &[Situation]) -> Result<(), E>,
) -> Result<Explored, E> {
    let start = Situation::start(machines);
    // What every role has done tells all about a situation.
    let mut seen = BTreeSet::from([start.strands.clone()]);
    let mut open = VecDeque::from([start]);
    let mut explored = Explored { situations: 0, all: true };
    while let Some(situation) = open.pop_front() {
        explored.situations += 1;
        arrived(&situation)?;
        if situation.run.len() >= depth || seen.len() >= situations {
            explored.all = false;
            continue;
        }
        let next = situation.next(machines);
        goes_on(&situation, &next)?;
        open.extend(next.into_iter().filter(|next| seen.insert(next.strands.clone())));
    }
    Ok(explored)
}

/// Where every role is, and how that came about.
#[derive(Clone)]
pub(super) struct Situation {
    strands: Vec<Strand>,
    channels: Channels,
    pub(super) run: Vec<Event>,
}

impl Situation {
    fn start(machines: &[Machine<'_>]) -> Self {
        let strand = |machine: &Machine<'_>| machine.settled(Strand::at(StateId::START));
        let strands = machines.iter().map(strand).collect();
        Self { strands, channels: Channels::default(), run: Vec::new() }
    }

    fn next(&self, machines: &[Machine]) -> Vec<Self> {
        let mut next = Vec::new();
        for (at, machine) in machines.iter().enumerate() {
            for (event, strand) in machine.moves(&self.strands[at]) {
                let mut after = self.clone();
                if after.channels.take_part(event) {
                    after.strands[at] = machine.settled(strand);
                    after.run.push(event);
                    next.push(after);
                }
            }
        }
        next
    }

    /// Whether a role waits for one other, and what has come from there is something else.
    pub(super) fn has_unexpected(&self, machines: &[Machine<'_>]) -> bool {
        machines.iter().zip(&self.strands).any(|(machine, strand)| {
            machine.waits(strand).iter().any(|events| {
                let mut takes = events.iter().map(|event| self.channels.clone().take_part(*event));
                let is_empty = self.channels.is_empty(events[0]);
                !is_empty && !takes.any(|takes| takes)
            })
        })
    }

    pub(super) fn is_final(&self, machines: &[Machine]) -> bool {
        let over = |(machine, strand): (&Machine, &Strand)| machine.is_over(strand);
        self.channels.are_empty() && machines.iter().zip(&self.strands).all(over)
    }

    /// A run of the protocol that begins like this one and goes on as nothing here can.
    fn missing(
        &self,
        runs: &Runs,
        alphabet: &BTreeSet<Event>,
        next: &[Self],
    ) -> Option<Vec<Event>> {
        let known = |event: &Event| next.iter().any(|next| next.run.last() == Some(event));
        let others = alphabet.iter().filter(|event| !known(event));
        others.map(|event| [&self.run[..], &[*event]].concat()).find(|run| runs.has(run))
    }
}

/// Where a role is, or a lane of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Strand {
    past: Vec<Past>,
    state: StateId,
    /// The arms of the parallel part that begins in the state, once it has begun.
    arms: Vec<Strand>,
}

/// What a role has done; the order in which arms took turns does not matter.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Past {
    Event(Event),
    AtOnce(Vec<Vec<Past>>),
}

impl Strand {
    fn at(state: StateId) -> Self {
        Self { past: Vec::new(), state, arms: Vec::new() }
    }
}

/// The local type of a role.
pub(super) struct Machine<'l> {
    role: RoleId,
    local: &'l LocalTypeR,
    lanes: Lanes,
    /// For each of them, the lane of the protocol.
    whole: Vec<LaneId>,
    channels: Split<(RoleId, RoleId)>,
}

impl<'l> Machine<'l> {
    pub(super) fn of(global: &GlobalType, role: RoleId, local: &'l LocalTypeR) -> Self {
        let channels = global.channels();
        let whole = Lanes::of_role(global, role, local);
        Self { role, local, lanes: local.lanes(), whole, channels }
    }

    fn event(&self, state: StateId, exit: LocalExit) -> Event {
        let pair = exit.action.direction.pair(self.role, exit.action.peer);
        let lane = self.whole[self.lanes.of_state(state).index()];
        let lane = self.channels.of(lane, &pair).number;
        Event { role: self.role, action: exit.action, lane }
    }

    /// What can be done in a strand, and what it is then.
    fn moves(&self, strand: &Strand) -> Vec<(Event, Strand)> {
        let own = self.local.exits(strand.state).map(|exit| {
            let event = self.event(strand.state, exit);
            let past = [&strand.past[..], &[Past::Event(event)]].concat();
            (event, Strand { past, ..Strand::at(exit.target) })
        });
        let inside = strand.arms.iter().enumerate().flat_map(|(nth, arm)| {
            self.moves(arm).into_iter().map(move |(event, arm)| {
                let mut after = strand.clone();
                after.arms[nth] = arm;
                (event, after)
            })
        });
        own.chain(inside).collect()
    }

    /// For every strand in which the role waits for one other, all that it takes then.
    fn waits(&self, strand: &Strand) -> Vec<Vec<Event>> {
        let mut waits: Vec<Vec<Event>> =
            strand.arms.iter().flat_map(|arm| self.waits(arm)).collect();
        let exits = self.local.exits(strand.state).map(|exit| self.event(strand.state, exit));
        let events: Vec<Event> = exits.collect();
        let from = |event: &Event| (event.action.direction, event.action.peer, event.lane);
        if let Some(first) = events.first().filter(|one| one.action.direction == Direction::Receive)
            && events.iter().all(|event| from(event) == from(first))
        {
            waits.push(events);
        }
        waits
    }

    /// Forks where a parallel part begins, and joins where all of its arms are over.
    fn settled(&self, mut strand: Strand) -> Strand {
        let Some(par) = self.local.par(strand.state) else { return strand };
        if strand.arms.is_empty() {
            strand.arms = par.arms.into_iter().map(Strand::at).collect();
        }
        strand.arms = strand.arms.into_iter().map(|arm| self.settled(arm)).collect();
        if strand.arms.iter().any(|arm| self.local.state(arm.state) != LocalState::ArmEnd) {
            return strand;
        }
        strand.past.push(Past::AtOnce(strand.arms.into_iter().map(|arm| arm.past).collect()));
        self.settled(Strand { past: strand.past, ..Strand::at(par.next) })
    }

    /// Whether nothing more need happen in a strand.
    fn is_over(&self, strand: &Strand) -> bool {
        match self.local.state(strand.state) {
            LocalState::ArmEnd => true,
            LocalState::Exits { may_end, .. } => may_end,
            LocalState::Par(_) if strand.arms.is_empty() => false,
            LocalState::Par(par) => {
                let next = Strand::at(par.next);
                strand.arms.iter().chain([&next]).all(|strand| self.is_over(strand))
            }
        }
    }
}

/// Lets every role do whatever some run has after what it has seen: if a protocol can be implemented
/// at all, it is so. Gives the first run whose last event is wrong, of at most `depth` events, among
/// so many situations.
pub fn goes_wrong(global: &GlobalType, depth: usize, situations: usize) -> Option<Vec<Event>> {
    let runs = Runs::of(global);
    let alphabet = runs.alphabet();
    let mut allowed: BTreeMap<Vec<Event>, bool> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut open = VecDeque::from([(Channels::default(), Vec::new())]);
    while let Some((channels, run)) = open.pop_front() {
        if run.len() >= depth || seen.len() >= situations {
            continue;
        }
        for event in &alphabet {
            let (mut channels, mut run) = (channels.clone(), run.clone());
            run.push(*event);
            if !channels.take_part(*event) {
                continue;
            }
            let view: Vec<Event> =
                run.iter().copied().filter(|one| one.role == event.role).collect();
            let may = |view: &Vec<Event>| runs.allow(event.role, view);
            if !*allowed.entry(view).or_insert_with_key(may) {
                continue;
            }
            if !runs.has(&run) {
                return Some(run);
            }
            if seen.insert(views(&run)) {
                open.push_back((channels, run));
            }
        }
    }
    None
}

/// What each role has seen.
fn views(run: &[Event]) -> BTreeMap<RoleId, Vec<Event>> {
    let mut views: BTreeMap<RoleId, Vec<Event>> = BTreeMap::new();
    for event in run {
        views.entry(event.role).or_default().push(*event);
    }
    views
}
