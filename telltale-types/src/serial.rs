//! Types written down and read back. What is read goes through the checked constructors; single states are checked by who
//! makes a type of them.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::foreign::{NAME, Named, Object, clipped, misspelt};
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
        for role in &roles {
            check("a role", role, Named::Word)?;
        }
        for label in &labels {
            check("a label", &label.name, Named::Word)?;
            check("a payload type", label.payload.as_str(), Named::Payload)?;
        }
        Self::new(roles, labels).map_err(D::Error::custom)
    }
}

/// Names that come from outside are shown in types and in errors.
fn check<E: serde::de::Error>(what: &str, name: &str, of: Named) -> Result<(), E> {
    let Some(reason) = misspelt(name, of) else { return Ok(()) };
    let name = clipped(name, NAME);
    Err(E::custom(format_args!("`{name}` is no name of {what}: {reason}")))
}

impl Serialize for Label {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(Object(deserializer))
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

type GlobalRows = Vec<(RoleId, RoleId, LabelId, StateId)>;

impl Serialize for GlobalState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row = |exit: &GlobalExit| (exit.sender, exit.receiver, exit.label, exit.target);
        let rows: Rows<GlobalRows> = match self {
            Self::Exits(exits) => Rows::Exits(exits.iter().map(row).collect()),
            Self::Par(Par { arms, next }) => Rows::Par { arms: arms.clone(), next: *next },
            Self::ArmEnd => Rows::ArmEnd,
        };
        rows.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for GlobalState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let exit =
            |(sender, receiver, label, target)| GlobalExit { sender, receiver, label, target };
        Ok(match Rows::<GlobalRows>::deserialize(deserializer)? {
            Rows::Exits(exits) => Self::Exits(exits.into_iter().map(exit).collect()),
            Rows::Par { arms, next } => Self::Par(Par { arms, next }),
            Rows::ArmEnd => Self::ArmEnd,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Global {
    names: Names,
    states: Vec<GlobalState>,
}

impl Serialize for GlobalType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let states = self.states().map(|state| self.state(state)).collect();
        Global { names: Names::clone(self.names()), states }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for GlobalType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Global { names, states } = Global::deserialize(deserializer)?;
        Self::new(names, states).map_err(D::Error::custom)
    }
}

#[derive(Serialize, Deserialize)]
struct LocalRows {
    exits: Vec<(Direction, RoleId, LabelId, StateId)>,
    may_end: bool,
}

impl Serialize for LocalState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row = |LocalExit { action, target }: &LocalExit| {
            (action.direction, action.peer, action.label, *target)
        };
        let rows = match self {
            Self::Exits { exits, may_end } => {
                Rows::Exits(LocalRows { exits: exits.iter().map(row).collect(), may_end: *may_end })
            }
            Self::Par(Par { arms, next }) => Rows::Par { arms: arms.clone(), next: *next },
            Self::ArmEnd => Rows::ArmEnd,
        };
        rows.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for LocalState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let exit = |(direction, peer, label, target)| LocalExit {
            action: Action { direction, peer, label },
            target,
        };
        Ok(match Rows::<LocalRows>::deserialize(deserializer)? {
            Rows::Exits(LocalRows { exits, may_end }) => {
                Self::Exits { exits: exits.into_iter().map(exit).collect(), may_end }
            }
            Rows::Par { arms, next } => Self::Par(Par { arms, next }),
            Rows::ArmEnd => Self::ArmEnd,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Local {
    names: Names,
    states: Vec<LocalState>,
}

impl Serialize for LocalTypeR {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let states = self.states().map(|state| self.state(state)).collect();
        Local { names: Names::clone(self.names()), states }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for LocalTypeR {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Local { names, states } = Local::deserialize(deserializer)?;
        Self::new(names, states).map_err(D::Error::custom)
    }
}
