//! What would repair a violation, in words and as messages to insert.

use std::collections::HashMap;

use telltale_types::{
    GlobalExit, GlobalState, GlobalType, Label, LabelId, Names, RoleId, StateId, TypeError,
};

use crate::graph::Edge;
use crate::{Condition, Step};

/// What would repair a violation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Remedy {
    /// What to do, in words.
    pub advice: Advice,
    /// Messages that, inserted together, repair the violation and leave fewer violations in all.
    /// They were tried out. There are none when nothing of the kind was found, or finding it would
    /// have taken too long.
    pub insertions: Vec<Insertion>,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Advice {
    /// One of `tellers` tells `role`, before it acts, which branch was taken.
    Tell {
        /// Who has to know.
        role: RoleId,
        /// Who knows.
        tellers: Vec<RoleId>,
    },
    /// `sender` waits for an answer of `role` before it sends.
    Wait {
        /// Whose message may come too early.
        sender: RoleId,
        /// Who has to be waited for.
        role: RoleId,
    },
    /// One of two roles decides, and tells the other.
    Decide {
        /// One of them: it may send.
        role: RoleId,
        /// The other: it may send to `role`.
        decider: RoleId,
    },
    /// One of `tellers` tells `role` that nothing more will come.
    Finish {
        /// Who has to know.
        role: RoleId,
        /// Who knows.
        tellers: Vec<RoleId>,
    },
}

/// A message to insert: `sender → receiver : label`, directly after an exit of the global type.
///
/// Several insertions after one exit follow each other in the order in which they are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insertion {
    /// The exit after which the message comes.
    pub after: Step,
    /// Who sends.
    pub sender: RoleId,
    /// Who receives.
    pub receiver: RoleId,
    /// What is sent. It carries nothing.
    pub label: Label,
}

impl Remedy {
    /// The protocol with the messages inserted. Its states keep their numbers; new ones follow.
    ///
    /// # Errors
    ///
    /// When the protocol is another one than the remedy was found for, so that the result is no
    /// protocol.
    pub fn apply(&self, global: &GlobalType) -> Result<GlobalType, TypeError> {
        insert(global, &self.insertions)
    }
}

/// A protocol with messages inserted.
pub(crate) fn insert(
    global: &GlobalType,
    insertions: &[Insertion],
) -> Result<GlobalType, TypeError> {
    let names = global.names();
    let mut labels: Vec<Label> = names.labels().map(|(_, label)| label.to_label()).collect();
    let known: HashMap<&str, LabelId> =
        names.labels().map(|(id, label)| (label.name, id)).collect();
    let mut added: HashMap<&Label, LabelId> = HashMap::new();
    let mut states: Vec<GlobalState> = global.states().map(|state| global.state(state)).collect();
    // The last first, so that those after one exit end up in order.
    for insertion in insertions.iter().rev() {
        let same = known.get(&*insertion.label.name).copied();
        let same = same.filter(|known| labels[known.index()] == insertion.label);
        let label = same.unwrap_or_else(|| {
            *added.entry(&insertion.label).or_insert_with(|| {
                labels.push(insertion.label.clone());
                LabelId::at(labels.len() - 1)
            })
        });
        let new = StateId::at(states.len());
        let Step { state, exit } = insertion.after;
        let Some(GlobalState::Exits(exits)) = states.get_mut(state.index()) else { continue };
        let Some(place) = exits.get_mut(exit) else { continue };
        let target = std::mem::replace(&mut place.target, new);
        let (sender, receiver) = (insertion.sender, insertion.receiver);
        states.push(vec![GlobalExit { sender, receiver, label, target }].into());
    }
    GlobalType::new(Names::new(names.roles().map(|(_, name)| name), labels)?, states)
}

/// What to advise. `parted` are the two exits at which the runs part.
pub(crate) fn advice(
    role: RoleId,
    condition: Condition,
    parted: (&Edge, &Edge),
    act: &Edge,
    instead: Option<&Edge>,
) -> Advice {
    let knows = |edges: &[&Edge]| {
        let decider = parted.0.sender;
        let receiver = parted.1.receiver;
        let both = edges.iter().all(|edge| edge.receiver == receiver);
        let others = [decider, receiver].into_iter().take(if both { 2 } else { 1 });
        others.filter(|&other| other != role).collect()
    };
    match condition {
        Condition::SendValidity | Condition::Fork | Condition::Join => {
            Advice::Tell { role, tellers: knows(&[parted.0, parted.1]) }
        }
        Condition::SilentEnd => Advice::Finish { role, tellers: knows(&[parted.1]) },
        Condition::ReceiveValidity => Advice::Wait { sender: act.sender, role },
        Condition::NoMixedChoice => {
            let decider = instead.map_or(parted.0.sender, |instead| instead.sender);
            Advice::Decide { role, decider }
        }
    }
}
