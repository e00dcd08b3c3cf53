//! How much roles do at once, and how much of that a session has room for.

use thiserror::Error;

use crate::{GlobalType, LaneId, LocalTypeR, RoleId, Split};

/// The most coroutines that one session can have: one for each role, and one for each thing that a
/// role does at once with others.
const COROUTINES: usize = u8::MAX as usize;

/// The most channels that a pair of roles can have; the last number of a byte is something else.
const CHANNELS: usize = u8::MAX as usize - 1;

/// Roles do more at once than a session has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TooMuchAtOnce {
    /// A session would need more coroutines than it can have.
    #[error(
        "the roles do so much at once that a session needs {given} coroutines, but it can have at most {limit}"
    )]
    Coroutines {
        /// How many it needs: one for each role, and one for each thing that a role does at once with
        /// others.
        given: usize,
        /// How many it can have.
        limit: usize,
    },
    /// Two roles talk to each other in so many arms of parallel parts that there are not enough channels.
    #[error(
        "two roles talk to each other in so many arms of a `par` that they need {given} channels, but they can have at most {limit}"
    )]
    Channels {
        /// How many they need.
        given: usize,
        /// How many they can have.
        limit: usize,
    },
}

/// The coroutines of a role.
///
/// Its own has number 0. Lanes that are there at once have different numbers; parallel parts that follow
/// each other use the same.
///
/// ```
/// use telltale_types::{Coroutines, Label, LocalTerm};
///
/// let arm = |label| LocalTerm::send("Bob", Label::new(label), LocalTerm::end());
/// let alice = LocalTerm::par([arm("One"), arm("Two"), arm("Three")], LocalTerm::end()).close()?;
/// assert_eq!(Coroutines::of(&alice).more, 3);
/// # Ok::<(), telltale_types::TypeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Coroutines {
    /// By lane.
    numbers: Vec<usize>,
    /// How many there are beside its own.
    pub more: usize,
}

impl Coroutines {
    /// Those of a role with this part.
    pub fn of(local: &LocalTypeR) -> Self {
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
    ///
    /// # Panics
    ///
    /// When the role has more than [`check_at_once`] lets pass.
    pub fn number(&self, lane: LaneId) -> u8 {
        u8::try_from(self.numbers[lane.index()]).expect("coroutines are counted before")
    }
}

impl GlobalType {
    /// How the channels of each pair of roles, sender first, are kept apart.
    pub fn channels(&self) -> Split<(RoleId, RoleId)> {
        let pairs =
            |state| self.exits(state).map(move |exit| (state, (exit.sender, exit.receiver)));
        self.lanes().split(self.states().flat_map(pairs))
    }
}

/// Whether a session has room for all that its roles do at once. The local types are those of all roles.
///
/// # Errors
///
/// When it has not.
pub fn check_at_once<'a>(
    global: &GlobalType,
    locals: impl IntoIterator<Item = &'a LocalTypeR>,
) -> Result<(), TooMuchAtOnce> {
    let more: usize = locals.into_iter().map(|local| Coroutines::of(local).more).sum();
    if more == 0 {
        return Ok(());
    }
    let given = global.names().role_count() + more;
    if given > COROUTINES {
        return Err(TooMuchAtOnce::Coroutines { given, limit: COROUTINES });
    }
    let given = global.channels().largest().into();
    if given > CHANNELS {
        return Err(TooMuchAtOnce::Channels { given, limit: CHANNELS });
    }
    Ok(())
}
