//! Which states of a type belong to which arm of which parallel part.

use std::collections::{BTreeMap, BTreeSet};

use crate::table::State;
use crate::{LaneId, StateId, TypeError};

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
    pub fn split<K: Ord + Clone>(&self, happens: impl Iterator<Item = (StateId, K)>) -> Split<K> {
        let mut happens_in: BTreeMap<K, BTreeSet<LaneId>> = BTreeMap::new();
        for (state, thing) in happens {
            happens_in.entry(thing).or_default().insert(self.of_state(state));
        }
        let apart = |(thing, lanes): (K, BTreeSet<LaneId>)| (thing, self.apart(&lanes));
        Split(happens_in.into_iter().map(apart).collect())
    }

    /// For each lane in which something happens, which of the lanes around it have it on their own.
    fn apart(&self, happens_in: &BTreeSet<LaneId>) -> BTreeMap<LaneId, Apart> {
        let places = self.places(happens_in);
        let around = |&lane: &LaneId| -> (LaneId, Vec<(LaneId, usize)>) {
            let apart = self.path(lane).filter_map(|(lane, _)| Some((lane, *places.get(&lane)?)));
            (lane, apart.collect())
        };
        let around: Vec<(LaneId, Vec<(LaneId, usize)>)> = happens_in.iter().map(around).collect();
        let place = |apart: &[(LaneId, usize)]| -> Vec<usize> {
            apart.iter().rev().map(|(_, place)| *place).collect()
        };
        let whole = BTreeSet::from([Vec::new()]);
        let all: BTreeSet<Vec<usize>> =
            around.iter().map(|(_, apart)| place(apart)).chain(whole).collect();
        let number = |apart: &[(LaneId, usize)]| all.range(..place(apart)).count() as u16;
        around
            .iter()
            .map(|(lane, apart)| {
                let own = apart.first().map_or(LaneId::OUTERMOST, |(lane, _)| *lane);
                (*lane, Apart { own, number: number(apart) })
            })
            .collect()
    }

    /// The arms that share what happens in some lanes, each with its place among those of its
    /// parallel part that do.
    fn places(&self, happens_in: &BTreeSet<LaneId>) -> BTreeMap<LaneId, usize> {
        let mut by_par: BTreeMap<StateId, BTreeMap<usize, LaneId>> = BTreeMap::new();
        for (lane, arm) in happens_in.iter().flat_map(|&lane| self.path(lane)) {
            by_par.entry(arm.par).or_default().insert(arm.index, lane);
        }
        let shared = by_par.into_values().filter(|arms| arms.len() > 1);
        shared
            .flat_map(|arms| arms.into_values().enumerate().map(|(place, lane)| (lane, place)))
            .collect()
    }
}

/// What [`Lanes::split`] found out.
#[derive(Clone, Debug)]
pub struct Split<K>(BTreeMap<K, BTreeMap<LaneId, Apart>>);

/// How something that happens in a lane is kept apart from the same thing in other lanes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Apart {
    /// The lane, or the nearest around it, that has the thing on its own; the outermost when
    /// none has.
    pub own: LaneId,
    /// A small number that tells the thing from what may happen beside it: 0 when no lane around has
    /// it on its own. It depends only on where among the arms that share it the thing happens, so
    /// a sender and a receiver, who each know their own part only, number alike; parallel parts that
    /// follow each other use the same numbers.
    pub number: u16,
}

impl<K: Ord> Split<K> {
    /// How a thing that happens in a lane is kept apart.
    pub fn of(&self, lane: LaneId, thing: &K) -> Apart {
        self.0.get(thing).and_then(|lanes| lanes.get(&lane)).copied().unwrap_or_default()
    }
}
