//! From a global type and linked programs to a schedule.
//!
//! Both are followed together, from configuration to configuration: the global type says which exchange comes next; the
//! programs must be where its sender sends it and its receiver takes it. Where they are not, or where there would be
//! too many configurations, the schedule ends and the roles continue by turns.
//!
//! Where roles do several things at once, the global type is in several states at once: one for each arm that has begun.
//! One arm after the other has an exchange, so that none of them waits for the end of another, and what is heard in one
//! can end another.

use telltale_bytecode::Branch;
use telltale_types::{GlobalType, LabelId, RoleId, StateId};

use super::{Schedule, ScheduleStep, StepKind};
use crate::index::{Index, Key, Mixer};
use crate::memory::coroutine::{Actor, Coro, CoroId, FORKED, HALTED};
use crate::program::lanes::{self, Lanes};
use crate::program::op::{Code, Exchange, Linked, Op};
use crate::program::parallel::Parallel;

/// How many configurations a schedule may have, times coroutines.
pub(super) const LIMIT: usize = if cfg!(test) { 1 << 12 } else { 1 << 20 };

/// The same where roles do several things at once: how far each has come multiplies.
const LIMIT_OF_LANES: usize = LIMIT >> 4;

impl Schedule {
    /// The schedule of an image with these programs, whose coroutines start as these words say. `parallel` is there if the
    /// protocol has parallel parts, `lanes` if roles fork in them.
    pub(crate) fn of(
        global: &GlobalType,
        linked: &Linked,
        parallel: Option<&'static dyn Parallel>,
        lanes: Option<&Lanes>,
        start: &[u64],
    ) -> Self {
        let (known, ids, todo) = (Vec::new(), Index::default(), Vec::new());
        let (steps, starts) = (Vec::new(), Vec::new());
        let arms = parallel.map(|parallel| (parallel, parallel.arms(global)));
        let mut writer = Writer { global, linked, arms, lanes, known, ids, todo, steps, starts };
        let pcs = start.iter().map(|&word| Coro::from_word(word).pc_and_marks()).collect();
        let first = Configuration { pcs, states: vec![StateId::START], turn: 0 };
        writer.write_all(writer.with_arms(first));
        writer.finish()
    }
}

/// Where all coroutines are in their programs, and where the global type is.
#[derive(Clone, PartialEq)]
struct Configuration {
    pcs: Box<[u32]>,
    /// One state, or one for each arm that has begun, in the order of their lanes.
    states: Vec<StateId>,
    /// The one from which on an exchange is looked for.
    turn: usize,
}

/// Where the exchanges of a state of the global type lead, by receiver and label.
type Exits = Index;

fn key_of_exit(receiver: RoleId, label: LabelId) -> Key {
    (label.0.into(), receiver.0.into())
}

impl Configuration {
    fn hash(&self) -> u64 {
        let states = self.states.iter().map(|state| state.0);
        Mixer::hash(self.pcs.iter().copied().chain(states).chain([self.turn as u32]))
    }
}

/// Writes the steps of all configurations that can be reached. Until all have been written, steps lead to numbers of
/// configurations instead of places.
struct Writer<'a> {
    global: &'a GlobalType,
    linked: &'a Linked,
    /// Which states are in which arm, if there are parallel parts.
    arms: Option<(&'static dyn Parallel, telltale_types::Lanes)>,
    /// Whose coroutines there are, where roles do several things at once.
    lanes: Option<&'a Lanes>,
    /// All configurations so far, the first of which has the number 1. Number 0 is none of them: there the schedule ends.
    known: Vec<Configuration>,
    /// Their numbers, by their hashes.
    ids: Index,
    /// The numbers of configurations that are still to be written.
    todo: Vec<u32>,
    steps: Vec<ScheduleStep>,
    /// For each configuration, where its steps start.
    starts: Vec<u32>,
}

impl Writer<'_> {
    fn write_all(&mut self, first: Configuration) {
        self.push(ScheduleStep::LEAVE);
        self.starts.push(0);
        self.id_of(first);
        while let Some(id) = self.todo.pop() {
            let configuration = self.known[id as usize - 1].clone();
            let start = self.steps.len();
            self.starts[id as usize] = start as u32;
            let written = self.done(&configuration).or_else(|| self.forked(&configuration));
            if written.or_else(|| self.exchanged(&configuration)).is_none() {
                self.steps.truncate(start);
                self.push(ScheduleStep::LEAVE);
            }
        }
        for (place, step) in self.steps.iter_mut().enumerate() {
            step.place = place as u32;
            step.next = self.starts[step.next as usize];
        }
    }

    fn finish(self) -> Schedule {
        let place = |id: u32| self.starts[id as usize];
        let continues = |id: u32| self.steps[place(id) as usize].what != StepKind::Leave;
        let (mut pcs, mut places, mut by_pcs) = (Vec::new(), Vec::new(), Index::default());
        for (configuration, id) in self.known.iter().zip(1..) {
            let here = &configuration.pcs;
            let hash = Mixer::hash(here.iter().copied());
            let is_here = |nth: u32| pcs[nth as usize * here.len()..].starts_with(here);
            if continues(id) && by_pcs.find(hash, is_here).is_none() {
                by_pcs.add(hash, places.len() as u32);
                pcs.extend_from_slice(here);
                places.push(place(id));
            }
        }
        let branch = |step: &ScheduleStep| Branch { peer: step.to(), label: step.label };
        Schedule {
            branches: self.steps.iter().map(branch).collect(),
            pcs: pcs.into(),
            places: places.into(),
            by_pcs,
            steps: self.steps.into(),
        }
    }

    /// The number of a configuration; 0 if the schedule is too long already.
    fn id_of(&mut self, configuration: Configuration) -> u32 {
        let hash = configuration.hash();
        let is_it = |id: u32| self.known[id as usize - 1] == configuration;
        if let Some(id) = self.ids.find(hash, is_it) {
            return id;
        }
        let id = self.starts.len() as u32;
        let limit = if self.arms.is_some() { LIMIT_OF_LANES } else { LIMIT };
        if self.starts.len() * configuration.pcs.len() > limit {
            return 0;
        }
        self.starts.push(0);
        self.ids.add(hash, id);
        self.known.push(configuration);
        self.todo.push(id);
        id
    }

    /// One role has come to its end, or all of them.
    fn done(&mut self, configuration: &Configuration) -> Option<()> {
        let at_end = |at: u32| self.op(at).is_some_and(|op| op.code == Code::Halt);
        if configuration.pcs.iter().all(|&at| at & HALTED != 0 || at_end(at)) {
            self.push(ScheduleStep { what: StepKind::Finish, ..ScheduleStep::LEAVE });
            return Some(());
        }
        let role = RoleId::at(configuration.pcs.iter().position(|&at| at_end(at))?);
        let mut then = configuration.clone();
        then.pcs[role.index()] |= HALTED;
        self.alone(role, StepKind::Halt, then);
        Some(())
    }

    /// What one coroutine does without any other.
    fn alone(&mut self, from_coro: CoroId, what: StepKind, then: Configuration) {
        let (sender, next) = (self.actor_of(from_coro), self.id_of(then));
        self.push(ScheduleStep { next, sender, from_coro, what, ..ScheduleStep::LEAVE });
    }

    /// A role begins several things at once, one of them is over, or all are.
    fn forked(&mut self, configuration: &Configuration) -> Option<()> {
        let mut then = configuration.clone();
        let (coro, what) = self.lanes?.code.forked(self.linked, &mut then.pcs)?;
        self.alone(coro, what, then);
        Some(())
    }

    /// One exchange, or a choice between several, in the next arm that has one. If they cannot be done, some of their steps
    /// may have been written.
    fn exchanged(&mut self, configuration: &Configuration) -> Option<()> {
        let Configuration { pcs, states, turn } = configuration;
        let mut turns = (0..states.len()).map(|nth| (turn + nth) % states.len());
        let turn = turns.find(|&nth| self.global.sender(states[nth]).is_some())?;
        let configuration = &Configuration { turn, ..configuration.clone() };
        let role = self.global.sender(states[turn])?;
        let mut exits = Exits::default();
        for exit in self.global.exits(states[turn]) {
            exits.insert(key_of_exit(exit.receiver, exit.label), exit.target.0);
        }
        let sends = |coro: &CoroId| self.sends_in(pcs[coro.index()], states[turn], &exits);
        let from = self.coroutines_of(role).find(sends)?;
        let op = *self.op(pcs[from.index()])?;
        let (linked, is_alone) = (self.linked, self.is_alone(configuration, from));
        match op.code {
            Code::Send => {
                let step = self.exchange(configuration, &exits, from, &op.exchange)?;
                let is_forced = is_alone && self.only_receives(op.exchange.next);
                self.push(ScheduleStep { is_alone, is_forced, ..step });
                (exits.len() == 1).then_some(())
            }
            Code::Choose if op.count as usize == exits.len() => {
                let Op { count, set, .. } = op;
                let waits = |sent: &Exchange| self.only_receives(sent.next);
                let is_forced = is_alone && linked.exchanges(&op).iter().all(waits);
                let choice = ScheduleStep {
                    count,
                    set,
                    sender: self.actor_of(from),
                    from_coro: from,
                    what: StepKind::Choice,
                    is_alone,
                    is_forced,
                    ..ScheduleStep::LEAVE
                };
                self.push(choice);
                for sent in linked.exchanges(&op) {
                    let step = self.exchange(configuration, &exits, from, sent)?;
                    self.push(step);
                }
                Some(())
            }
            _ => None,
        }
    }

    /// A configuration in which the arms have begun that can begin, and those behind which the protocol goes on have ended.
    fn with_arms(&self, mut configuration: Configuration) -> Configuration {
        if let Some((parallel, arms)) = &self.arms {
            let Configuration { states, turn, .. } = &mut configuration;
            parallel.settle(self.global, arms, states, turn);
        }
        configuration
    }

    /// Whether a coroutine that stands there sends what is sent in a state of the global type.
    fn sends_in(&self, at: u32, state: StateId, exits: &Exits) -> bool {
        let first = self.op(at).and_then(|op| match op.code {
            Code::Send => Some(&op.exchange),
            Code::Choose => self.linked.exchanges(op).first(),
            _ => None,
        });
        let is_of_arm = |sent: &Exchange| {
            let mut lanes = self.lanes.iter();
            lanes.all(|lanes| lanes.is_used_in(sent.channel, state))
        };
        first.is_some_and(|sent| {
            exits.get(key_of_exit(sent.peer, sent.label)).is_some() && is_of_arm(sent)
        })
    }

    fn coroutines_of(&self, role: RoleId) -> impl Iterator<Item = CoroId> + use<> {
        lanes::coroutines_of(self.lanes, role)
    }

    fn actor_of(&self, coro: CoroId) -> Actor {
        self.lanes.map_or(Actor::of(coro), |lanes| lanes.of[coro.index()])
    }

    #[inline(never)]
    fn push(&mut self, step: ScheduleStep) {
        self.steps.push(step);
    }

    /// Whether every other coroutine waits for a message, or for its lanes, or is done.
    fn is_alone(&self, configuration: &Configuration, coro: CoroId) -> bool {
        let others = configuration.pcs.iter().enumerate().filter(|&(nth, _)| nth != coro.index());
        let waits = |at: u32| at & (HALTED | FORKED) != 0 || self.only_receives(at);
        others.map(|(_, at)| *at).all(waits)
    }

    /// Whether a role that stands there can only receive.
    #[inline(never)]
    fn only_receives(&self, at: u32) -> bool {
        let code = self.op(at).map(|op| op.code);
        matches!(code, Some(Code::Recv | Code::Offer | Code::OfferMany))
    }

    /// The step of a message that can be sent in a configuration, if its receiver takes it there.
    fn exchange(
        &mut self,
        configuration: &Configuration,
        exits: &Exits,
        from_coro: CoroId,
        sent: &Exchange,
    ) -> Option<ScheduleStep> {
        let (sender, to, label) = (self.actor_of(from_coro), sent.peer, sent.label);
        let state = StateId(exits.get(key_of_exit(to, label))?);
        let (to_coro, taken) = self.coroutines_of(to).find_map(|coro| {
            let taken = self.taken(configuration.pcs[coro.index()], sender.role, label)?;
            (taken.channel.place == sent.channel.place).then_some((coro, taken))
        })?;
        let pc_of = |coro: CoroId| configuration.pcs[coro.index()];
        let (from_pc, to_pc) = (pc_of(from_coro), pc_of(to_coro));
        let mut then = configuration.clone();
        then.states[then.turn] = state;
        then.turn = (then.turn + 1) % then.states.len();
        then.pcs[from_coro.index()] = sent.next;
        then.pcs[to_coro.index()] = taken.next;
        let then = self.with_arms(then);
        Some(ScheduleStep {
            from_step: step(from_pc, sent.next),
            to_step: step(to_pc, taken.next),
            next: self.id_of(then),
            what: StepKind::Exchange,
            expected: sent.expected,
            label,
            sender,
            receiver: self.actor_of(to_coro),
            from_coro,
            to_coro,
            channel: self.lanes.map_or(0, |lanes| lanes.number_of(sent.channel)),
            ..ScheduleStep::LEAVE
        })
    }

    /// How a role takes a message where it stands, if it does.
    fn taken(&self, pc: u32, from: RoleId, label: LabelId) -> Option<Exchange> {
        let branches = self.linked.received(self.op(pc)?);
        let key = |taken: &Exchange| (taken.label, taken.peer);
        let nth = branches.binary_search_by_key(&(label, from), key).ok()?;
        Some(branches[nth])
    }

    /// The instruction where a role stands, unless it has halted.
    fn op(&self, pc: u32) -> Option<&Op> {
        self.linked.ops.get(pc as usize)
    }
}

/// What to add to the word of a role to move it from one instruction to another and count one more effect.
pub(super) fn step(from: u32, to: u32) -> u64 {
    Coro::at(to, 1).to_word().wrapping_sub(Coro::at(from, 0).to_word())
}
