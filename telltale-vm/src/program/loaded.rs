//! How the words of a session's block are used.
//!
//! ```text
//! 0..3         ordinal, role objects, status, place in the schedule (see `header`)
//! 3..          ready: one bit per role                              (see `ready`)
//! roles..      per coroutine: program counter, count of effects     (see `coroutine`)
//! channels..   per channel: a cell or a ring                        (see `channel`)
//! states..     by hand only, per role: its type state               (see `typestate`)
//! registers..  by hand only, per role: its registers                (see `registers`)
//! ```
//!
//! The block is made by copying the template of its image.

use std::sync::OnceLock;

use telltale_bytecode::{Channel, CodeImage, Instr, Pc, Reg};
use telltale_types::{RoleId, StateId};

use crate::lines::role_of;
use crate::memory::arena::WINDOW;
use crate::memory::channel::{Plan, Rule, Shape};
use crate::memory::coroutine::{self, Actor, Coro, CoroId, HALTED, PAUSED, ROLES};
use crate::memory::header::READY;
use crate::memory::{header, ready, registers};
use crate::program::by_hand::ByHand;
use crate::program::direct::Directs;
use crate::program::lanes::{self, Lanes};
use crate::program::link::link;
use crate::program::op::Linked;
use crate::program::parallel::Parallel;
use crate::program::schedule::Schedule;
use crate::{ChannelMode, VMConfig, WhenFull};

// So the words of the roles, and as many behind them, are always in the window.
const _: () = assert!(READY + ready::words(ROLES) + ROLES <= WINDOW);

/// An image, linked for machines that are set up alike.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) image: CodeImage,
    pub(crate) linked: Linked,
    /// What its roles do together; without steps if its sessions never follow one.
    pub(crate) schedule: Schedule,
    pub(crate) template: Box<[u64]>,
    pub(crate) roles: usize,
    /// How many coroutines there are: one for each role, and behind them those of roles that do several things at once.
    pub(crate) coroutines: usize,
    /// Whose those behind the roles are, if there are any.
    pub(crate) lanes: Option<Lanes>,
    /// Where the words of the coroutines start.
    pub(crate) roles_at: usize,
    pub(crate) plans: Plans,
    /// What its programs need if they were written by hand.
    pub(crate) by_hand: Option<&'static dyn ByHand>,
    /// Whether its programs are compared with the local types while they run: they were written by hand, and could not be
    /// verified before.
    pub(crate) is_guarded: bool,
    /// Whether a role may rest at each instruction of programs that were written by hand and verified.
    rests: Option<Box<[bool]>>,
    /// Where the type states of guarded programs start: one word for each role.
    pub(crate) states_at: usize,
    /// How many registers each role has.
    pub(crate) registers: usize,
    /// The messages of its driven roles, as soon as it has some.
    pub(crate) directs: OnceLock<Directs>,
}

/// For sender × receiver, their channel; pairs that do not talk have no place.
#[derive(Debug)]
pub(crate) struct Plans {
    roles: usize,
    /// The channels with number 0.
    of_pairs: Box<[Plan]>,
    /// All that exist, with their numbers.
    existing: Box<[(Channel, Plan)]>,
}

impl Loaded {
    /// `by_hand` is there if its programs were written by hand, `parallel` if the protocol has parallel parts.
    pub(crate) fn new(
        image: &CodeImage,
        config: &VMConfig,
        by_hand: Option<&'static dyn ByHand>,
        parallel: Option<&'static dyn Parallel>,
    ) -> Self {
        let roles = image.names().role_count();
        let mut lanes = parallel.and_then(|parallel| parallel.lanes(image));
        let coroutines = lanes.as_ref().map_or(roles, Lanes::coroutines);
        let roles_at = READY + ready::words(coroutines);
        let (plans, states_at) = Plans::new(image, config, roles_at + coroutines);
        if let Some(lanes) = &mut lanes {
            lanes.code.note_channels(lanes, image, &plans);
        }
        let roles_by_hand = if image.is_by_hand() { roles } else { 0 };
        let words = states_at + roles_by_hand * (1 + image.registers() * registers::WORDS);
        let mut linked = link(image, &plans, lanes.as_ref());
        let mut template = template(image, lanes.as_ref(), roles_at, words);
        let starts = &template[roles_at..][..coroutines];
        let mut rests = None;
        if let Some(by_hand) = by_hand {
            rests = by_hand.verify(image);
            linked.guard(rests.is_none());
        }
        let is_guarded = by_hand.is_some() && rests.is_none();
        // What is in registers is seen to when a session ends by turns.
        let may_follow = !is_guarded && image.registers() == 0;
        let mut schedule = Schedule::default();
        if config.follows_schedules() && may_follow && keeps_every_message(image, config) {
            schedule = Schedule::of(&image.global_type, &linked, parallel, lanes.as_ref(), starts);
        }
        header::set_place(&mut template, schedule.first_place());
        Self {
            linked,
            schedule,
            template,
            roles,
            coroutines,
            lanes,
            roles_at,
            plans,
            states_at,
            by_hand,
            is_guarded,
            rests,
            registers: image.registers(),
            image: image.clone(),
            directs: OnceLock::new(),
        }
    }
}

impl Loaded {
    /// Marks the roles of a new session that are paused.
    pub(crate) fn pause(&self, block: &mut [u64], paused: &[String]) {
        for role in (0..self.roles).map(RoleId::at) {
            let name = role_of(self.image.names(), role);
            if paused.iter().any(|paused| paused == name) {
                for coro in self.coroutines_of(role) {
                    coroutine::mark(block, self.roles_at + coro.index(), PAUSED);
                }
                header::set_place(block, None);
            }
        }
    }

    /// Where in the code of all roles control is that goes to a place of a role's program: a jump is linked with where it
    /// leads in the end.
    pub(crate) fn lands_at(&self, program: RoleId, target: Pc) -> u32 {
        let Linked { ops, .. } = &self.linked;
        let Some(instr) = self.image.programs[program].get(target.index()) else {
            return ops.len() as u32 - 1;
        };
        let at = self.image.programs.start(program) + target.0;
        if matches!(instr, Instr::Jmp { .. }) { ops[at as usize].exchange.next } else { at }
    }

    /// The place of a register in the block, if the programs have that register.
    pub(crate) fn register(&self, role: RoleId, reg: Reg) -> Option<usize> {
        let at = usize::from(reg.0);
        let first = self.states_at + self.roles;
        let nth = role.index() * self.registers + at;
        (at < self.registers).then(|| first + nth * registers::WORDS)
    }

    /// The places of a role's registers. Only programs written by hand have any.
    pub(crate) fn registers_of(&self, role: RoleId) -> impl Iterator<Item = usize> + use<> {
        let before = role.index() * self.registers;
        let first = self.states_at + self.roles + before * registers::WORDS;
        (0..self.registers).map(move |at| first + at * registers::WORDS)
    }

    /// All places of registers.
    pub(crate) fn registers(&self) -> impl Iterator<Item = usize> + '_ {
        let first = self.states_at + self.roles;
        (0..self.roles * self.registers).map(move |at| first + at * registers::WORDS)
    }

    /// Where in a role's program a place in the code of all roles is; the trap is the place behind its end.
    #[cfg(feature = "serde")]
    pub(crate) fn place_in_program(&self, role: RoleId, at: u32) -> u32 {
        let programs = &self.image.programs;
        if at as usize == programs.code().len() {
            return programs[role].len() as u32;
        }
        at - programs.start(role)
    }

    /// The same the other way round, if there is such a place.
    #[cfg(feature = "serde")]
    pub(crate) fn place_in_code(&self, role: RoleId, at: u32) -> Option<u32> {
        let programs = &self.image.programs;
        match (at as usize).cmp(&programs[role].len()) {
            std::cmp::Ordering::Less => Some(programs.start(role) + at),
            std::cmp::Ordering::Equal => Some(programs.code().len() as u32),
            std::cmp::Ordering::Greater => None,
        }
    }

    /// Whether a role that is at an instruction may stop there, although it could still receive something.
    pub(crate) fn may_rest(&self, block: &[u64], role: RoleId, at: u32) -> bool {
        let local = &self.image.local_types[role];
        if self.is_guarded {
            local.may_end(StateId(coroutine::read(block, self.state_at(role)).pc()))
        } else if let Some(rests) = &self.rests {
            rests[at as usize]
        } else {
            self.image.may_rest(role, Pc(at - self.image.programs.start(role)))
        }
    }

    /// Where the type state of a role is in the block, if its program is guarded; 0 otherwise.
    #[inline]
    pub(crate) fn state_at(&self, role: RoleId) -> usize {
        if self.is_guarded { self.states_at + role.index() } else { 0 }
    }

    /// The coroutine after this one, going round.
    #[inline]
    pub(crate) fn coro_after(&self, coro: CoroId) -> u8 {
        if coro.index() + 1 < self.coroutines { coro.0 + 1 } else { 0 }
    }

    /// What executes what roles do at once, if some role does.
    #[inline]
    pub(crate) fn parallel(&self) -> Option<&'static dyn Parallel> {
        self.lanes.as_ref().map(|lanes| lanes.code)
    }

    /// Who acts in a coroutine.
    #[inline]
    pub(crate) fn actor_of(&self, coro: CoroId) -> Actor {
        self.lanes.as_ref().map_or(Actor::of(coro), |lanes| lanes.of[coro.index()])
    }

    /// The coroutine in which somebody acts.
    pub(crate) fn coro_of(&self, actor: Actor) -> CoroId {
        self.lanes.as_ref().map_or(actor.role, |lanes| lanes.coro_of(actor))
    }

    /// The coroutines of a role.
    pub(crate) fn coroutines_of(&self, role: RoleId) -> impl Iterator<Item = CoroId> + use<> {
        lanes::coroutines_of(self.lanes.as_ref(), role)
    }

    /// A role that does several things at once.
    pub(crate) fn first_that_forks(&self) -> Option<RoleId> {
        let forks = |role: &RoleId| self.coroutines_of(*role).nth(1).is_some();
        (0..self.roles).map(RoleId::at).find(forks)
    }

    /// The number of a channel among those of its pair.
    pub(crate) fn lane_of(&self, plan: Plan) -> u8 {
        self.lanes.as_ref().map_or(0, |lanes| lanes.number_of(plan))
    }
}

/// Whether no channel loses or refuses messages: then what a session does depends on nobody's speed. A channel on which
/// at most one message is ever in flight is never full when one is sent, nor has it one to replace.
fn keeps_every_message(image: &CodeImage, config: &VMConfig) -> bool {
    let names = image.names();
    image.channels().iter().all(|channel| {
        let (_, when_full, mode) =
            config.channel(role_of(names, channel.from), role_of(names, channel.to));
        let waits = matches!(when_full, WhenFull::Block | WhenFull::Resize);
        channel.is_single() || mode == ChannelMode::Fifo && waits
    })
}

/// The block of a session in which nothing has happened yet.
fn template(image: &CodeImage, lanes: Option<&Lanes>, roles_at: usize, words: usize) -> Box<[u64]> {
    let code = image.programs.code();
    let mut template = vec![0; words].into_boxed_slice();
    for role in (0..image.names().role_count()).map(RoleId::at) {
        // A program without instructions starts where all programs have ended.
        let is_empty = image.programs[role].is_empty();
        let start = if is_empty { code.len() as u32 } else { image.programs.start(role) };
        template[roles_at + role.index()] = Coro::at(start, 0).to_word();
        ready::set(&mut template, role);
        for coro in lanes.map_or(0..0, |lanes| lanes.more_of(role)) {
            template[roles_at + coro] = Coro::at(start, 0).with(HALTED).to_word();
        }
    }
    template
}

impl Plans {
    /// The channels from the given place on, and how many words the block has then.
    fn new(image: &CodeImage, config: &VMConfig, start: usize) -> (Self, usize) {
        let roles = image.names().role_count();
        let mut of_pairs = vec![Plan::NONE; roles * roles];
        let mut existing = Vec::with_capacity(image.channels().len());
        let mut words = start;
        for &channel in image.channels() {
            let names = image.names();
            let (from, to) = (role_of(names, channel.from), role_of(names, channel.to));
            let (capacity, when_full, mode) = config.channel(from, to);
            let shape = if channel.is_single() { Shape::Cell } else { Shape::Ring };
            let rule = Rule::new(when_full, mode);
            let plan = Plan { place: words as u32, capacity, shape, rule };
            if channel.lane() == 0 {
                of_pairs[channel.from.index() * roles + channel.to.index()] = plan;
            }
            existing.push((channel, plan));
            words += shape.words();
        }
        (Self { roles, of_pairs: of_pairs.into(), existing: existing.into() }, words)
    }

    /// The channel with a number from one role to another, if both are in the protocol and talk on it.
    pub(crate) fn find(&self, from: RoleId, to: RoleId, lane: u16) -> Option<Plan> {
        if lane > 0 {
            return self.nth(from, to, lane).map(|nth| self.existing[nth].1);
        }
        let is_there = from.index().max(to.index()) < self.roles;
        let plan = || self.of_pairs[from.index() * self.roles + to.index()];
        is_there.then(plan).filter(|plan| plan.exists())
    }

    /// Where a channel is among all.
    pub(crate) fn nth(&self, from: RoleId, to: RoleId, lane: u16) -> Option<usize> {
        let is_it = |(channel, _): &(Channel, Plan)| {
            (channel.from, channel.to, channel.lane()) == (from, to, lane)
        };
        self.existing.iter().position(is_it)
    }

    /// All channels.
    pub(crate) fn existing(&self) -> &[(Channel, Plan)] {
        &self.existing
    }

    /// All channels.
    pub(crate) fn all(&self) -> impl Iterator<Item = Plan> + '_ {
        self.existing.iter().map(|&(_, plan)| plan)
    }
}
