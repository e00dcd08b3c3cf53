//! Which method of a role object answers what.

use std::collections::{BTreeMap, BTreeSet};

use telltale_syntax::interface::{ChoiceInterface, Interface, Variant};
use telltale_types::{LabelId, RoleId};

use crate::names::camel;

/// The methods of the role objects of a protocol.
#[derive(Clone, Debug, Default)]
pub struct Methods(Vec<RoleMethods>);

/// The methods of one role.
#[derive(Clone, Debug, Default)]
pub struct RoleMethods {
    sends: BTreeMap<LabelId, String>,
    receives: BTreeMap<LabelId, String>,
    choices: Vec<(BTreeSet<(RoleId, LabelId)>, Choice)>,
    /// Those that an object has to have.
    pub required: BTreeSet<String>,
}

/// A method that decides.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What it is called.
    pub method: String,
    /// What it may give.
    pub variants: Vec<Taken>,
}

/// A branch, as a decision names it.
#[derive(Clone, Debug)]
pub struct Taken {
    /// `Accept`, or `StopToAlice` where the label alone does not tell branches apart.
    pub name: String,
    /// To whom its first message goes.
    pub peer: RoleId,
    /// The first message.
    pub label: LabelId,
    /// Who else gets the message: its payload is given once, with the choice.
    pub others: Vec<RoleId>,
}

impl Methods {
    /// Those of a protocol that was written in the language.
    pub fn of(interface: &Interface) -> Self {
        let ids = (0..interface.roles.len()).map(RoleId::at);
        Self(ids.map(|role| RoleMethods::of(interface, role)).collect())
    }

    /// Those of a role.
    pub fn role(&self, role: RoleId) -> Option<&RoleMethods> {
        self.0.get(role.index())
    }
}

impl RoleMethods {
    fn of(interface: &Interface, role: RoleId) -> Self {
        let own = &interface.roles[role.index()];
        let mut methods = Self::default();
        for send in &own.sends {
            let name = camel(&send.name.to_string());
            if !interface.labels[send.label.index()].payload.is_unit() {
                methods.required.insert(name.clone());
            }
            methods.sends.insert(send.label, name);
        }
        for receive in &own.receives {
            let name = camel(&receive.name.to_string());
            methods.required.insert(name.clone());
            methods.receives.insert(receive.label, name);
        }
        for choice in own.choices.iter().map(|at| &interface.choices[*at]) {
            let first = choice.variants.iter().map(|variant| (variant.receiver, variant.label));
            let decided = decided(interface, choice);
            methods.required.insert(decided.method.clone());
            methods.choices.push((first.collect(), decided));
        }
        methods
    }

    /// The method that is asked for the payload of a message; none where nothing needs to be given.
    pub fn send(&self, label: LabelId) -> Option<&str> {
        self.sends.get(&label).map(String::as_str)
    }

    /// The method that is told of a message.
    pub fn receive(&self, label: LabelId) -> Option<&str> {
        self.receives.get(&label).map(String::as_str)
    }

    /// The method that decides between these first messages.
    pub fn choice(&self, branches: &BTreeSet<(RoleId, LabelId)>) -> Option<&Choice> {
        self.choices.iter().find_map(|(first, choice)| (first == branches).then_some(choice))
    }
}

/// A choice under the names of the one that it is like.
fn decided(interface: &Interface, choice: &ChoiceInterface) -> Choice {
    let model = choice.like.map_or(choice, |model| &interface.choices[model]);
    let taken = |variant: &Variant| Taken {
        name: unraw(&name_in(model, choice, variant)),
        peer: variant.receiver,
        label: variant.label,
        others: variant.others.clone(),
    };
    let variants = choice.variants.iter().map(taken).collect();
    Choice { method: camel(&model.method.to_string()), variants }
}

/// The name that a branch has in the choice that its own is like: branches with one label are in the same order in both.
fn name_in(model: &ChoiceInterface, choice: &ChoiceInterface, variant: &Variant) -> String {
    let with_label = |choice: &ChoiceInterface| {
        let same = choice.variants.iter().filter(|other| other.label == variant.label);
        same.map(|other| other.name.to_string()).collect::<Vec<_>>()
    };
    let own = variant.name.to_string();
    let nth = with_label(choice).iter().position(|name| *name == own).unwrap_or(0);
    with_label(model).into_iter().nth(nth).unwrap_or(own)
}

/// A name without the sign that makes a keyword of Rust an identifier.
pub(crate) fn unraw(name: &str) -> String {
    name.strip_prefix("r#").unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn methods(text: &str) -> Methods {
        let analysis = telltale_syntax::analyse_str(text);
        assert!(analysis.diagnostics.is_empty(), "{:?}", analysis.diagnostics);
        Methods::of(&analysis.protocols[0].interface)
    }

    #[test]
    fn what_an_object_has_to_have() {
        let methods = methods(
            "protocol P(A, B) {
                 A -> B: Ping;
                 choice LastWord at B { B -> A: Yes { r#type: u8 }; } or { B -> A: No; }
             }",
        );
        let required = |role| methods.role(RoleId(role)).expect("it is there").required.clone();
        assert_eq!(required(0), ["onNo", "onYes"].map(String::from).into());
        assert_eq!(required(1), ["lastWord", "onPing"].map(String::from).into());
        assert!(methods.role(RoleId(2)).is_none());
    }

    #[test]
    fn a_role_that_is_like_another_answers_to_its_names() {
        let methods = methods(
            "protocol P(Left, #[like(Left)] Right, Mid) {
                 choice Vote at Left { Left -> Mid: Yes; } or { Left -> Mid: No; }
                 choice at Right { Right -> Mid: Yes; } or { Right -> Mid: No; }
             }",
        );
        let right = methods.role(RoleId(1)).expect("it is there");
        assert_eq!(right.required, ["vote"].map(String::from).into());
        let branches = [(RoleId(2), LabelId(0)), (RoleId(2), LabelId(1))].into();
        let names = right.choice(&branches).map(|choice| {
            choice.variants.iter().map(|taken| taken.name.clone()).collect::<Vec<_>>()
        });
        assert_eq!(names, Some(vec!["Yes".to_owned(), "No".to_owned()]));
        assert!(right.choice(&BTreeSet::new()).is_none());
    }
}
