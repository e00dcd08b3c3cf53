//! From a global type and linked programs to a schedule.
//!
//! Both are followed together, from configuration to configuration: the global type says which exchange comes next; the
//! programs must be where its sender sends it and its receiver takes it. Where they are not, or where there would be
//! too many configurations, the schedule ends and the roles continue by turns.

use telltale_bytecode::Branch;
use telltale_types::{GlobalType, LabelId, RoleId, StateId};

use super::{Schedule, ScheduleStep, StepKind};
use crate::index::{Index, Key, Mixer};
use crate::memory::coroutine::{Coro, HALTED};
use crate::program::op::{Code, Exchange, Linked, Op};

/// How many configurations a schedule may have, times roles.
pub(super) const LIMIT: usize = if cfg!(test) { 1 << 12 } else { 1 << 20 };

impl Schedule {
    /// The schedule of an image with these programs, whose roles start as these words say.
    pub(crate) fn of(global: &GlobalType, linked: &Linked, start: &[u64]) -> Self {
        let (known, ids, todo) = (Vec::new(), Index::default(), Vec::new());
        let (steps, starts) = (Vec::new(), Vec::new());
        let mut writer = Writer { global, linked, known, ids, todo, steps, starts };
        let pcs = start.iter().map(|&word| Coro::from_word(word).pc()).collect();
        writer.write_all(Configuration { pcs, state: StateId::START });
        writer.finish()
    }
}

/// Where all roles are in their programs, and in the global type.
#[derive(Clone, PartialEq)]
struct Configuration {
    pcs: Box<[u32]>,
    state: StateId,
}

/// Where the exchanges of a state of the global type lead, by receiver and label.
type Exits = Index;

fn key_of_exit(receiver: RoleId, label: LabelId) -> Key {
    (label.0.into(), receiver.0.into())
}

impl Configuration {
    fn hash(&self) -> u64 {
        Mixer::hash(self.pcs.iter().copied().chain([self.state.0]))
    }
}

/// Writes the steps of all configurations that can be reached. Until all have been written, steps lead to numbers of
/// configurations instead of places.
struct Writer<'a> {
    global: &'a GlobalType,
    linked: &'a Linked,
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
            if self.done(&configuration).or_else(|| self.exchanged(&configuration)).is_none() {
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
        let branch = |step: &ScheduleStep| Branch { peer: step.to, label: step.label };
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
        if self.starts.len() * configuration.pcs.len() > LIMIT {
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
        let next = self.id_of(then);
        let what = StepKind::Halt;
        self.push(ScheduleStep { from: role, next, what, ..ScheduleStep::LEAVE });
        Some(())
    }

    /// One exchange, or a choice between several. If they cannot be done, some of their steps may have been written.
    fn exchanged(&mut self, configuration: &Configuration) -> Option<()> {
        let from = self.global.sender(configuration.state)?;
        let mut exits = Exits::default();
        for exit in self.global.exits(configuration.state) {
            exits.insert(key_of_exit(exit.receiver, exit.label), exit.target.0);
        }
        let op = *self.op(configuration.pcs[from.index()])?;
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
                    from,
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

    #[inline(never)]
    fn push(&mut self, step: ScheduleStep) {
        self.steps.push(step);
    }

    /// Whether every other role waits for a message, or is done.
    fn is_alone(&self, configuration: &Configuration, role: RoleId) -> bool {
        let others = configuration.pcs.iter().enumerate().filter(|&(nth, _)| nth != role.index());
        others.map(|(_, at)| *at).all(|at| at & HALTED != 0 || self.only_receives(at))
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
        from: RoleId,
        sent: &Exchange,
    ) -> Option<ScheduleStep> {
        let (to, label) = (sent.peer, sent.label);
        let state = StateId(exits.get(key_of_exit(to, label))?);
        let (from_pc, to_pc) = (configuration.pcs[from.index()], configuration.pcs[to.index()]);
        let taken = self.taken(to_pc, from, label)?;
        let mut then = Configuration { state, ..configuration.clone() };
        then.pcs[from.index()] = sent.next;
        then.pcs[to.index()] = taken.next;
        Some(ScheduleStep {
            from_step: step(from_pc, sent.next),
            to_step: step(to_pc, taken.next),
            next: self.id_of(then),
            what: StepKind::Exchange,
            expected: sent.expected,
            label,
            from,
            to,
            ..ScheduleStep::LEAVE
        })
    }

    /// How a role takes a message where it stands, if it does.
    fn taken(&self, pc: u32, from: RoleId, label: LabelId) -> Option<Exchange> {
        let op = self.op(pc)?;
        let branches = match op.code {
            Code::Recv => std::slice::from_ref(&op.exchange),
            Code::Offer | Code::OfferMany => self.linked.exchanges(op),
            _ => return None,
        };
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
