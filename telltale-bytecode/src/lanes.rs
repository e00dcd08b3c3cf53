//! The lanes of a role that does several things at once: which coroutine each is, and which channels
//! are its own.

use telltale_types::{Direction, GlobalType, LaneId, Lanes, LocalTypeR, RoleId, Split};

use crate::channel::LARGEST_NUMBER;
use crate::compile::Layout;
use crate::{CompileError, Pc};

/// The most coroutines that one session can have: one for each role, and one for each thing that a
/// role does at once with others.
pub(crate) const COROUTINES: usize = u8::MAX as usize;

/// What is known of the places of a program whose role forks.
#[derive(Debug)]
pub struct RoleLanes {
    role: RoleId,
    split: Split<(RoleId, RoleId)>,
    /// By instruction, the lane of the protocol; of jumps, which use no channel, nothing is known.
    of_code: Vec<LaneId>,
}

impl RoleLanes {
    /// Nothing for a role that never forks.
    pub(crate) fn of(global: &GlobalType, role: RoleId, local: &LocalTypeR) -> Option<Self> {
        let own = local.lanes();
        if own.len() == 1 {
            return None;
        }
        let lanes = Lanes::of_role(global, role, local);
        let layout = Layout::of(local);
        let mut of_code = vec![LaneId::OUTERMOST; layout.len()];
        for state in local.states() {
            of_code[layout.place_of(state).index()] = lanes[own.of_state(state).index()];
        }
        Some(Self { role, split: pairs(global), of_code })
    }

    /// Which of the channels to a role, or from it, an instruction uses.
    pub fn channel(&self, at: Pc, direction: Direction, peer: RoleId) -> u16 {
        let lane = self.of_code.get(at.index()).copied().unwrap_or_default();
        let pair = match direction {
            Direction::Send => (self.role, peer),
            Direction::Receive => (peer, self.role),
        };
        self.split.of(lane, &pair).number
    }
}

/// How the channels of pairs of roles are kept apart.
pub(crate) fn pairs(global: &GlobalType) -> Split<(RoleId, RoleId)> {
    let exits =
        global.states().flat_map(|state| global.exits(state).map(move |exit| (state, exit)));
    global.lanes().split(exits.map(|(state, exit)| (state, (exit.sender, exit.receiver))))
}

/// The coroutines of a role.
///
/// Its own has number 0. Lanes that are there at once have different numbers; parallel parts that follow
/// each other use the same.
pub(crate) struct Coroutines {
    /// By lane.
    numbers: Vec<usize>,
    /// How many there are beside its own.
    pub(crate) more: usize,
}

impl Coroutines {
    pub(crate) fn of(local: &LocalTypeR) -> Self {
        let lanes = local.lanes();
        let mut pars: Vec<Vec<Vec<LaneId>>> = vec![Vec::new(); lanes.len()];
        for state in local.states() {
            if let Some(par) = local.par(state) {
                let arms = par.arms.iter().map(|&arm| lanes.of_state(arm)).collect();
                pars[lanes.of_state(state).index()].push(arms);
            }
        }
        let mut needs = vec![0; lanes.len()];
        // What is inside of a lane has a larger number.
        for lane in (0..lanes.len()).rev() {
            let need = |arms: &Vec<LaneId>| {
                arms.len() + arms.iter().map(|arm| needs[arm.index()]).sum::<usize>()
            };
            needs[lane] = pars[lane].iter().map(need).max().unwrap_or(0);
        }
        let (mut numbers, mut free) = (vec![0; lanes.len()], vec![1; lanes.len()]);
        for lane in 0..lanes.len() {
            for arms in &pars[lane] {
                let mut next = free[lane] + arms.len();
                for (nth, arm) in arms.iter().enumerate() {
                    numbers[arm.index()] = free[lane] + nth;
                    free[arm.index()] = next;
                    next += needs[arm.index()];
                }
            }
        }
        Self { numbers, more: needs[0] }
    }

    /// The number of a lane's coroutine.
    pub(crate) fn number(&self, lane: LaneId) -> u8 {
        u8::try_from(self.numbers[lane.index()]).expect("coroutines are counted before")
    }
}

/// Refuses protocols whose roles do more at once than there are coroutines or channels for.
pub(crate) fn check(locals: &[LocalTypeR], global: &GlobalType) -> Result<(), CompileError> {
    let more = locals.iter().map(|local| Coroutines::of(local).more).sum::<usize>();
    if more == 0 {
        return Ok(());
    }
    let given = locals.len() + more;
    if given > COROUTINES {
        return Err(CompileError::TooManyCoroutines { given, limit: COROUTINES });
    }
    let limit = LARGEST_NUMBER;
    let pairs = pairs(global);
    let given = pairs.largest().into();
    if given > limit {
        return Err(CompileError::TooManyChannels { given, limit });
    }
    Ok(())
}
