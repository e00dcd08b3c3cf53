//! Types written down and read back. What is read goes through the checked constructors.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{
    Action, Direction, GlobalExit, GlobalType, Label, LabelId, LocalExit, LocalState, LocalTypeR,
    Names, RoleId, StateId,
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

#[derive(Serialize, Deserialize)]
struct Global {
    names: Names,
    states: Vec<Vec<(RoleId, RoleId, LabelId, StateId)>>,
}

impl Serialize for GlobalType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row = |exit: GlobalExit| (exit.sender, exit.receiver, exit.label, exit.target);
        let states = self.states().map(|state| self.exits(state).map(row).collect()).collect();
        Global { names: Names::clone(self.names()), states }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for GlobalType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Global { names, states } = Global::deserialize(deserializer)?;
        let exit =
            |(sender, receiver, label, target)| GlobalExit { sender, receiver, label, target };
        let states = states.into_iter().map(|rows| rows.into_iter().map(exit).collect()).collect();
        Self::new(names, states).map_err(D::Error::custom)
    }
}

#[derive(Serialize, Deserialize)]
struct Local {
    names: Names,
    states: Vec<LocalRows>,
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
        let rows = |state| LocalRows {
            exits: self.exits(state).map(row).collect(),
            may_end: self.may_end(state),
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
        let state = |LocalRows { exits, may_end }: LocalRows| LocalState {
            exits: exits.into_iter().map(exit).collect(),
            may_end,
        };
        Self::new(names, states.into_iter().map(state).collect()).map_err(D::Error::custom)
    }
}
