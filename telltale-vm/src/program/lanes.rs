//! The coroutines of roles that do several things at once.

use std::ops::Range;

use telltale_bytecode::CodeImage;
use telltale_types::{RoleId, StateId};

use crate::memory::channel::Plan;
use crate::memory::coroutine::{Actor, CoroId};
use crate::program::loaded::Plans;
use crate::program::parallel::{FULL, Parallel};

/// Whose each coroutine is, where there are more than roles.
#[derive(Debug)]
pub(crate) struct Lanes {
    /// By coroutine: its role, and the number of its lane.
    pub(super) of: Box<[Actor]>,
    /// By role: the first of its coroutines behind those of the roles, and past the last.
    more: Box<[(u8, u8)]>,
    /// By place in the block: the number of each channel, and the states of the global type in which it is used.
    channels: Vec<(u32, u8, Vec<StateId>)>,
    /// What links and executes what they do.
    pub(crate) code: &'static dyn Parallel,
}

impl Lanes {
    /// Nothing if no role does several things at once.
    pub(super) fn of(image: &CodeImage) -> Option<Self> {
        let roles = image.names().role_count();
        let mut of: Vec<Actor> = (0..roles).map(|role| Actor::of(RoleId::at(role))).collect();
        let mut more = Vec::with_capacity(roles);
        for role in (0..roles).map(RoleId::at) {
            let first = of.len() as u8;
            let lanes = image.lane_count(role) as u8;
            of.extend((1..=lanes).map(|lane| Actor { role, lane }));
            more.push((first, first + lanes));
        }
        let channels = Vec::new();
        let code = FULL;
        (of.len() > roles).then(|| Self { of: of.into(), more: more.into(), channels, code })
    }

    /// Notes where in a block the channels are.
    pub(super) fn note_channels(&mut self, image: &CodeImage, plans: &Plans) {
        let global = &image.global_type;
        let exits =
            global.states().flat_map(|state| global.exits(state).map(move |exit| (state, exit)));
        let (lanes, channels) = (global.lanes(), global.channels());
        for (state, exit) in exits {
            let pair = (exit.sender, exit.receiver);
            let number = channels.of(lanes.of_state(state), &pair).number;
            let Some(plan) = plans.find(exit.sender, exit.receiver, number) else { continue };
            match self.channels.iter_mut().find(|(place, ..)| *place == plan.place) {
                Some((_, _, states)) => states.push(state),
                None => self.channels.push((plan.place, number as u8, vec![state])),
            }
        }
    }

    fn channel(&self, plan: Plan) -> Option<&(u32, u8, Vec<StateId>)> {
        self.channels.iter().find(|(place, ..)| *place == plan.place)
    }

    /// The number of a channel among those of its pair.
    pub(crate) fn number_of(&self, plan: Plan) -> u8 {
        self.channel(plan).map_or(0, |(_, number, _)| *number)
    }

    /// Whether a channel is used in a state of the global type.
    pub(super) fn is_used_in(&self, plan: Plan, state: StateId) -> bool {
        self.channel(plan).is_some_and(|(.., states)| states.contains(&state))
    }

    /// How many coroutines there are.
    pub(super) fn coroutines(&self) -> usize {
        self.of.len()
    }

    /// The coroutines of a role beside its own.
    pub(super) fn more_of(&self, role: RoleId) -> Range<usize> {
        let (first, past) = self.more[role.index()];
        usize::from(first)..usize::from(past)
    }

    /// The coroutine of a lane of a role.
    pub(super) fn coro_of(&self, Actor { role, lane }: Actor) -> CoroId {
        match lane.checked_sub(1) {
            None => role,
            Some(nth) => CoroId::at(self.more_of(role).start + usize::from(nth)),
        }
    }
}

/// The coroutines of a role: its own, and those of what it does at once.
pub(super) fn coroutines_of(
    lanes: Option<&Lanes>,
    role: RoleId,
) -> impl Iterator<Item = CoroId> + use<> {
    let more = lanes.map_or(0..0, |lanes| lanes.more_of(role));
    // One loop, not two: it is in many places.
    let (first, count) = (more.start, more.len());
    (0..=count).map(move |nth| if nth == 0 { role } else { CoroId::at(first + nth - 1) })
}
