//! Why the conditions are sound: give every part of a role in an arm a name of its own, let the role
//! tell its parts when an arm begins, and let them tell it when the arm is over. The arms then have
//! no role in common, so they may as well follow each other, and nothing parallel is left.

use std::collections::{BTreeMap, BTreeSet};

use telltale_theory::Condition;
use telltale_theory::oracle::violated;
use telltale_types::{
    GlobalExit, GlobalState, GlobalType, Label, LabelId, LaneId, Lanes, Names, Par, RoleId, StateId,
};

use crate::{are_many, events, exits, for_protocols, hard, roles_of_arm};

/// A part of a role: the innermost arm around it that the role does beside others.
type Part = (RoleId, LaneId);

struct Renaming<'g> {
    global: &'g GlobalType,
    lanes: Lanes,
    /// The roles of each arm, by its lane.
    roles: BTreeMap<LaneId, BTreeSet<RoleId>>,
    parts: Vec<Part>,
    table: Vec<Vec<GlobalExit>>,
}

impl<'g> Renaming<'g> {
    fn of(global: &'g GlobalType) -> Self {
        let lanes = global.lanes();
        let arms = global.states().filter_map(|state| global.par(state)).flat_map(|par| par.arms);
        let roles = arms.map(|arm| (lanes.of_state(arm), roles_of_arm(global, arm))).collect();
        let table = vec![Vec::new(); global.len()];
        Self { global, lanes, roles, parts: Vec::new(), table }
    }

    fn forks(&self, role: RoleId, par: &Par) -> bool {
        let occurs = |arm: &&StateId| self.roles[&self.lanes.of_state(**arm)].contains(&role);
        par.arms.iter().filter(occurs).count() > 1
    }

    /// The new name of a role in a lane.
    fn part(&mut self, role: RoleId, lane: LaneId) -> RoleId {
        let forks = |(_, arm): &(LaneId, telltale_types::Arm)| {
            self.global.par(arm.par).is_some_and(|par| self.forks(role, &par))
        };
        let scope = self.lanes.path(lane).find(forks).map_or(LaneId::OUTERMOST, |(lane, _)| lane);
        let known = self.parts.iter().position(|part| *part == (role, scope));
        RoleId::at(known.unwrap_or_else(|| {
            self.parts.push((role, scope));
            self.parts.len() - 1
        }))
    }

    /// Whether a role has something to do from a state on.
    fn acts(&self, role: RoleId, from: StateId) -> bool {
        let (mut open, mut seen) = (vec![from], BTreeSet::new());
        while let Some(state) = open.pop() {
            if !seen.insert(state) {
                continue;
            }
            if self.global.exits(state).any(|exit| [exit.sender, exit.receiver].contains(&role)) {
                return true;
            }
            open.extend(self.global.exits(state).map(|exit| exit.target));
            open.extend(
                self.global.par(state).iter().flat_map(|par| [&par.arms[..], &[par.next]].concat()),
            );
            if self.global.state(state) == GlobalState::ArmEnd {
                open.push(self.around(state).0.next);
            }
        }
        false
    }

    /// The parallel part around a state, and in which of its arms the state is.
    fn around(&self, state: StateId) -> (Par, LaneId, usize) {
        let arm = self.lanes.arm(self.lanes.of_state(state)).expect("an arm ends in an arm");
        (self.global.par(arm.par).expect("a parallel part"), arm.around, arm.index)
    }

    /// Messages from and to parts of roles, and then on to a state.
    fn chain(&mut self, at: StateId, messages: Vec<[RoleId; 2]>, then: StateId) {
        let label = LabelId::at(self.global.names().label_count());
        let mut at = at.index();
        let count = messages.len();
        for (nth, [sender, receiver]) in messages.into_iter().enumerate() {
            let target = if nth + 1 == count {
                then
            } else {
                self.table.push(Vec::new());
                StateId::at(self.table.len() - 1)
            };
            self.table[at] = vec![GlobalExit { sender, receiver, label, target }];
            at = target.index();
        }
    }

    /// All messages by which roles tell their parts in the arms something, each in two parts: the
    /// role, and its part.
    fn told(&mut self, par: &Par, around: LaneId) -> Vec<[RoleId; 2]> {
        let mut told = Vec::new();
        for role in self.global.names().roles().map(|(role, _)| role) {
            if !self.forks(role, par) {
                continue;
            }
            for arm in &par.arms {
                let lane = self.lanes.of_state(*arm);
                if self.roles[&lane].contains(&role) {
                    told.push([self.part(role, around), self.part(role, lane)]);
                }
            }
        }
        told
    }

    /// The protocol without parallel parts, and whom each of its roles is a part of.
    fn sequence(mut self) -> (GlobalType, Vec<RoleId>) {
        let mut skips: BTreeMap<StateId, StateId> = BTreeMap::new();
        for state in self.global.states() {
            let lane = self.lanes.of_state(state);
            match self.global.state(state) {
                GlobalState::Exits(all) => {
                    for exit in all {
                        let (sender, receiver) =
                            (self.part(exit.sender, lane), self.part(exit.receiver, lane));
                        self.table[state.index()].push(GlobalExit { sender, receiver, ..exit });
                    }
                }
                GlobalState::Par(par) => {
                    let forks = self.told(&par, lane);
                    if forks.is_empty() {
                        skips.insert(state, par.arms[0]);
                    }
                    self.chain(state, forks, par.arms[0]);
                }
                GlobalState::ArmEnd => {
                    let (par, around, index) = self.around(state);
                    if let Some(&next) = par.arms.get(index + 1) {
                        skips.insert(state, next);
                        continue;
                    }
                    let mut joins = self.told(&par, around);
                    joins.retain(|[role, _]| self.acts(self.parts[role.index()].0, par.next));
                    for join in &mut joins {
                        join.reverse();
                    }
                    if joins.is_empty() {
                        skips.insert(state, par.next);
                    }
                    self.chain(state, joins, par.next);
                }
            }
        }
        self.without(&skips)
    }

    /// Leads past the states at which nothing happens.
    fn without(self, skips: &BTreeMap<StateId, StateId>) -> (GlobalType, Vec<RoleId>) {
        let past_skips = |mut state: StateId| {
            while let Some(&next) = skips.get(&state) {
                state = next;
            }
            state
        };
        let mut order = vec![past_skips(StateId::START)];
        let mut table = Vec::new();
        while let Some(&state) = order.get(table.len()) {
            let mut exits = self.table[state.index()].clone();
            for exit in &mut exits {
                let target = past_skips(exit.target);
                let known = order.iter().position(|known| *known == target);
                exit.target = StateId::at(known.unwrap_or_else(|| {
                    order.push(target);
                    order.len() - 1
                }));
            }
            table.push(exits);
        }
        let names = self.global.names();
        let name = |(role, lane): &Part| format!("{}{lane}", names.role(*role));
        let labels = names.labels().map(|(_, label)| label.to_label()).chain([Label::new("told")]);
        let renamed = Names::new(self.parts.iter().map(name), labels).expect("distinct names");
        let roles = self.parts.iter().map(|(role, _)| *role).collect();
        (GlobalType::new(renamed, table).expect("the sequence is a protocol"), roles)
    }
}

/// Whether some arm may never be over: what stands behind it in a sequence would not happen.
fn has_endless_arm(global: &GlobalType) -> bool {
    let lanes = global.lanes();
    let ends = |from: StateId| {
        let (mut open, mut seen) = (vec![from], BTreeSet::new());
        while let Some(state) = open.pop() {
            if global.state(state) == GlobalState::ArmEnd {
                return true;
            }
            if seen.insert(state) {
                open.extend(global.exits(state).map(|exit| exit.target));
                open.extend(global.par(state).map(|par| par.next));
            }
        }
        false
    };
    global.states().any(|state| lanes.of_state(state) != LaneId::OUTERMOST && !ends(state))
}

/// Whether there is one channel for each pair of parts that talk to each other. Otherwise parts look
/// alike to their peers, and their messages keep their order, as roles and those of roles do not.
fn has_channels_of_parts(global: &GlobalType) -> bool {
    let mut renaming = Renaming::of(global);
    let events = events(global);
    let mut channels = BTreeMap::new();
    let mut parts = BTreeMap::new();
    exits(global).all(|(state, exit)| {
        let lane = renaming.lanes.of_state(state);
        let pair = (renaming.part(exit.sender, lane), renaming.part(exit.receiver, lane));
        let [sent, _] = events(state, exit);
        let channel = (exit.sender, exit.receiver, sent.lane);
        *channels.entry(channel).or_insert(pair) == pair
            && *parts.entry(pair).or_insert(channel) == channel
    })
}

#[test]
fn verdicts_are_those_of_the_sequence_with_a_name_for_each_part() {
    let (mut compared, mut refused) = (0, 0);
    for_protocols(1_500, |global| {
        if has_endless_arm(global) || !has_channels_of_parts(global) {
            return;
        }
        let (sequence, roles) = Renaming::of(global).sequence();
        let by_role = |violated: BTreeSet<(RoleId, Condition)>, role: &dyn Fn(RoleId) -> RoleId| {
            hard(&violated).into_iter().map(|(who, _)| role(who)).collect::<BTreeSet<RoleId>>()
        };
        let lanes = by_role(violated(global), &|role| role);
        let renamed = by_role(violated(&sequence), &|part| roles[part.index()]);
        assert_eq!(lanes, renamed, "{sequence}");
        compared += 1;
        refused += u64::from(!lanes.is_empty());
    });
    println!("{compared} compared, {refused} of them refused");
    assert!(!are_many() || refused > 50, "{compared} compared, {refused} of them refused");
}
