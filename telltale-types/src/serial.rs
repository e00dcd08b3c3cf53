//! Types written down and read back. What is read goes through the checked constructors.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{
    Action, Direction, GlobalExit, GlobalState, GlobalType, Label, LabelId, LocalExit, LocalState,
    LocalTypeR, Names, Par, RoleId, StateId,
};

#[derive(Serialize, Deserialize)]
#[serde(rename = "Names")]
struct NamesText {
    roles: Vec<String>,
    labels: Vec<Label>,
}

impl Serialize for Names {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let roles = self.roles().map(|(_, name)| name.to_owned()).collect();
        let labels = self.labels().map(|(_, label)| label.to_label()).collect();
        NamesText { roles, labels }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let NamesText { roles, labels } = NamesText::deserialize(deserializer)?;
        Self::new(roles, labels).map_err(D::Error::custom)
    }
}

/// One state, of a global type with `E` for its exits, or of a local one.
#[derive(Serialize, Deserialize)]
#[serde(rename = "State")]
enum Rows<E> {
    #[serde(rename = "exits")]
    Exits(E),
    #[serde(rename = "par")]
    Par { arms: Vec<StateId>, next: StateId },
    #[serde(rename = "arm_end")]
    ArmEnd,
}

#[derive(Serialize, Deserialize)]
struct Global {
    names: Names,
    states: Vec<Rows<GlobalRows>>,
}

type GlobalRows = Vec<(RoleId, RoleId, LabelId, StateId)>;

impl Serialize for GlobalType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row = |exit: GlobalExit| (exit.sender, exit.receiver, exit.label, exit.target);
        let rows = |state| match self.state(state) {
            GlobalState::Exits(exits) => Rows::Exits(exits.into_iter().map(row).collect()),
            GlobalState::Par(Par { arms, next }) => Rows::Par { arms, next },
            GlobalState::ArmEnd => Rows::ArmEnd,
        };
        let states = self.states().map(rows).collect();
        Global { names: Names::clone(self.names()), states }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for GlobalType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Global { names, states } = Global::deserialize(deserializer)?;
        let exit =
            |(sender, receiver, label, target)| GlobalExit { sender, receiver, label, target };
        let state = |rows: Rows<GlobalRows>| match rows {
            Rows::Exits(exits) => GlobalState::Exits(exits.into_iter().map(exit).collect()),
            Rows::Par { arms, next } => GlobalState::Par(Par { arms, next }),
            Rows::ArmEnd => GlobalState::ArmEnd,
        };
        let states: Vec<GlobalState> = states.into_iter().map(state).collect();
        Self::new(names, states).map_err(D::Error::custom)
    }
}

#[derive(Serialize, Deserialize)]
struct Local {
    names: Names,
    states: Vec<Rows<LocalRows>>,
}

#[derive(Serialize, Deserialize)]
struct LocalRows {
    exits: Vec<(Direction, RoleId, LabelId, StateId)>,
    may_end: bool,
}

impl Serialize for LocalTypeR {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row = |LocalExit { action, target }: LocalExit| {
            (action.direction, action.peer, action.label, target)
        };
        let rows = |state| match self.state(state) {
            LocalState::Exits { exits, may_end } => {
                Rows::Exits(LocalRows { exits: exits.into_iter().map(row).collect(), may_end })
            }
            LocalState::Par(Par { arms, next }) => Rows::Par { arms, next },
            LocalState::ArmEnd => Rows::ArmEnd,
        };
        let states = self.states().map(rows).collect();
        Local { names: Names::clone(self.names()), states }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for LocalTypeR {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Local { names, states } = Local::deserialize(deserializer)?;
        let exit = |(direction, peer, label, target)| LocalExit {
            action: Action { direction, peer, label },
            target,
        };
        let state = |rows: Rows<LocalRows>| match rows {
            Rows::Exits(LocalRows { exits, may_end }) => {
                LocalState::Exits { exits: exits.into_iter().map(exit).collect(), may_end }
            }
            Rows::Par { arms, next } => LocalState::Par(Par { arms, next }),
            Rows::ArmEnd => LocalState::ArmEnd,
        };
        Self::new(names, states.into_iter().map(state).collect()).map_err(D::Error::custom)
    }
}
