//! Which states of a type belong to which arm of which parallel part.

mod at_once;
mod of_role;

pub use at_once::{Coroutines, TooMuchAtOnce, check_at_once};

use std::collections::{BTreeMap, BTreeSet};

use crate::table::State;
use crate::{Action, GlobalType, LaneId, LocalTypeR, RoleId, StateId, TypeError};

/// The lanes of a type: the whole outside of all parallel parts, and every arm of every one.
///
/// Each state is in one lane. Lanes are numbered so that what is around a lane comes before it;
/// lane 0 is the outermost.
#[derive(Clone, Debug)]
pub struct Lanes {
    of_state: Vec<LaneId>,
    arms: Vec<Option<Arm>>,
}

/// What a lane is: an arm of a parallel part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arm {
    /// The state that begins the part.
    pub par: StateId,
    /// Which of its arms the lane is.
    pub index: usize,
    /// The lane around the part.
    pub around: LaneId,
}

impl Lanes {
    /// The lanes of a table in which every state can be reached, if each state is in one lane.
    pub(crate) fn of(states: &[State]) -> Result<Self, TypeError> {
        let mut of_state: Vec<Option<LaneId>> = vec![None; states.len()];
        let mut arms = vec![None];
        let mut stack = vec![(StateId::START, LaneId::OUTERMOST)];
        while let Some((state, lane)) = stack.pop() {
            match of_state[state.index()].replace(lane) {
                Some(known) if known == lane => continue,
                Some(_) => return Err(TypeError::TwoLanes { state }),
                None => {}
            }
            for row in &states[state.index()].rows {
                if row.enters_arm() {
                    let inside = LaneId::try_at(arms.len())?;
                    arms.push(Some(Arm { par: state, index: row.label.index(), around: lane }));
                    stack.push((row.target, inside));
                } else {
                    stack.push((row.target, lane));
                }
            }
        }
        let of_state = of_state.into_iter().map(Option::unwrap_or_default).collect();
        Ok(Self { of_state, arms })
    }

    /// How many lanes there are; one where there is no parallel part.
    #[expect(clippy::len_without_is_empty, reason = "there is always the outermost")]
    pub fn len(&self) -> usize {
        self.arms.len()
    }

    /// The lane of a state.
    pub fn of_state(&self, state: StateId) -> LaneId {
        self.of_state[state.index()]
    }

    /// Which arm a lane is; nothing for the outermost.
    pub fn arm(&self, lane: LaneId) -> Option<Arm> {
        self.arms[lane.index()]
    }

    /// A lane and those around it, from the inside out, without the outermost.
    pub fn path(&self, lane: LaneId) -> impl Iterator<Item = (LaneId, Arm)> + '_ {
        let step = |lane: LaneId| self.arm(lane).map(|arm| (lane, arm));
        std::iter::successors(step(lane), move |(_, arm)| step(arm.around))
    }

    /// How things that happen in states are kept apart where lanes share them.
    ///
    /// A thing (a pair of roles, say) that happens in two or more arms of one parallel part happens
    /// in each of them on its own.
    pub fn split<K: PartialEq>(&self, happens: impl Iterator<Item = (StateId, K)>) -> Split<K> {
        let mut apart: Vec<(K, Vec<(LaneId, u16)>)> = Vec::new();
        for (state, thing) in happens {
            let known = apart.iter().position(|(known, _)| *known == thing);
            let at = known.unwrap_or_else(|| {
                apart.push((thing, Vec::new()));
                apart.len() - 1
            });
            for (lane, _) in self.path(self.of_state(state)) {
                let lanes = &mut apart[at].1;
                let place = lanes.iter().take_while(|(other, _)| *other < lane).count();
                if lanes.get(place).is_none_or(|(other, _)| *other != lane) {
                    lanes.insert(place, (lane, 0));
                }
            }
        }
        for (_, lanes) in &mut apart {
            self.keep_shared(lanes);
        }
        let around = self.arms.iter().map(|arm| arm.map(|arm| arm.around)).collect();
        Split { around, apart }
    }

    /// Keeps the lanes that have one of the others beside them, and numbers them.
    fn keep_shared(&self, lanes: &mut Vec<(LaneId, u16)>) {
        let par_of = |lane: LaneId| self.arm(lane).map(|arm| arm.par);
        let all = lanes.clone();
        lanes.retain(|(lane, _)| {
            all.iter().any(|(other, _)| other != lane && par_of(*other) == par_of(*lane))
        });
        for (number, (_, of)) in (1..).zip(lanes) {
            *of = number;
        }
    }

    /// For each lane of a role's part, the lane of the protocol that it is.
    ///
    /// The local type is taken to be a projection of the global type, with the same names. Lanes to which
    /// the two together do not lead are the outermost.
    pub fn of_role(global: &GlobalType, role: RoleId, local: &LocalTypeR) -> Vec<LaneId> {
        of_role::find(global, role, local)
    }

    /// For each state of a protocol, those of a role in which the role may be then.
    ///
    /// As for [`Lanes::of_role`], the local type is taken to be a projection of the global type.
    ///
    /// ```
    /// use telltale_types::{
    ///     Action, Direction, GlobalTerm, Label, Lanes, LocalExit, LocalState, LocalTypeR, RoleId, StateId,
    /// };
    ///
    /// let tell = GlobalTerm::send("B", "C", Label::new("Tell"), GlobalTerm::end());
    /// let global = GlobalTerm::send("A", "B", Label::new("Ask"), tell).close()?;
    /// let label = global.names().find_label("Tell").expect("it was written");
    /// let action = Action { direction: Direction::Receive, peer: RoleId(1), label };
    /// let exits = vec![LocalExit { action, target: StateId::at(1) }];
    /// let carol = vec![LocalState::Exits { exits, may_end: false }, LocalState::END];
    /// let carol = LocalTypeR::new(global.names().clone(), carol)?;
    /// // Carol waits for `Tell` from the beginning.
    /// let together = Lanes::together(&global, RoleId(2), &carol);
    /// assert_eq!(together[0], [StateId::START]);
    /// assert_eq!(together[1], [StateId::START]);
    /// # Ok::<(), telltale_types::TypeError>(())
    /// ```
    pub fn together(global: &GlobalType, role: RoleId, local: &LocalTypeR) -> Vec<Vec<StateId>> {
        of_role::together(global, role, local)
    }

    /// For what a role does in a state of its part, the steps of the protocol that it can be: states, and which of their exits.
    ///
    /// As for [`Lanes::of_role`], the local type is taken to be a projection of the global type.
    pub fn places(global: &GlobalType, role: RoleId, local: &LocalTypeR) -> Places {
        let mut places = Places::new();
        for (at, together) in global.states().zip(Self::together(global, role, local)) {
            for (nth, exit) in global.exits(at).enumerate() {
                let Some(action) = exit.action(role) else { continue };
                for &own in &together {
                    places.entry((own, action)).or_default().insert((at, nth));
                }
            }
        }
        places
    }
}

/// What [`Lanes::places`] found out.
pub type Places = BTreeMap<(StateId, Action), BTreeSet<(StateId, usize)>>;

/// What [`Lanes::split`] found out.
#[derive(Clone, Debug)]
pub struct Split<K> {
    /// The lane around each.
    around: Vec<Option<LaneId>>,
    apart: Vec<(K, Vec<(LaneId, u16)>)>,
}

/// How something that happens in a lane is kept apart from the same thing in other lanes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Apart {
    /// The lane, or the nearest around it, that has the thing on its own; the outermost when
    /// none has.
    pub own: LaneId,
    /// That lane's number among all that have the thing on their own, from 1; 0 for the outermost.
    pub number: u16,
}

impl<K: PartialEq> Split<K> {
    /// The largest number that something has.
    pub fn largest(&self) -> u16 {
        let numbers = self.apart.iter().flat_map(|(_, lanes)| lanes);
        numbers.map(|(_, number)| *number).max().unwrap_or(0)
    }

    /// Whether lanes have a thing on their own.
    pub(crate) fn is_apart(&self, thing: &K) -> bool {
        self.apart.iter().any(|(known, lanes)| known == thing && !lanes.is_empty())
    }

    /// How a thing that happens in a lane is kept apart.
    pub fn of(&self, lane: LaneId, thing: &K) -> Apart {
        let Some((_, apart)) = self.apart.iter().find(|(known, _)| known == thing) else {
            return Apart::default();
        };
        let number_of = |lane: LaneId| {
            let (own, number) = *apart.iter().find(|(own, _)| *own == lane)?;
            Some(Apart { own, number })
        };
        let mut around = std::iter::successors(Some(lane), |lane| self.around[lane.index()]);
        around.find_map(number_of).unwrap_or_default()
    }
}
