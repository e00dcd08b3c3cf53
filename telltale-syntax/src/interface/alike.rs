//! Roles that behave alike: `#[like(Left)] Right` is played by whatever plays `Left`.
//!
//! Such a role has no trait and no enums of its own. That is possible when it sends, receives and decides between the
//! same labels; to whom it talks may differ.

use std::collections::BTreeSet;

use telltale_types::{LabelId, RoleId};

use super::{ChoiceInterface, Interface, RoleInterface};
use crate::diagnostic::Diagnostic;
use crate::mistake::Mistake;
use crate::mistakes::Mistakes;
use crate::name::Name;
use crate::resolve::Protocol;
use crate::similar::similar;

/// Sets [`RoleInterface::like`] and [`ChoiceInterface::like`], or says why a role is not like another.
pub(super) fn add(interface: &mut Interface, protocol: &Protocol<'_>, mistakes: &mut Mistakes) {
    for (id, role) in protocol.roles.iter().enumerate() {
        let Some(name) = &role.like else { continue };
        match model(protocol, id, name)
            .and_then(|model| pair(interface, id, model).map(|pairs| (model, pairs)))
        {
            Ok((model, pairs)) => {
                interface.roles[id].like = Some(RoleId::at(model));
                for (own, model) in pairs {
                    interface.choices[own].like = Some(model);
                }
            }
            Err(why) => {
                let (role, model) = (role.name.to_string(), name.to_string());
                mistakes.push(Diagnostic::new(Mistake::NotAlike { role, model, why }, name));
            }
        }
    }
}

/// The role that another is like.
fn model(protocol: &Protocol<'_>, role: usize, name: &Name) -> Result<usize, String> {
    let found = protocol.roles.iter().position(|other| other.name.ident == name.ident);
    match found {
        None => {
            let names: Vec<String> =
                protocol.roles.iter().map(|role| role.name.to_string()).collect();
            let near = similar(&name.to_string(), names.iter().map(String::as_str));
            let near = near.map_or_else(String::new, |near| format!("; there is `{near}`"));
            Err(format!("there is no role `{name}`{near}"))
        }
        Some(model) if model == role => Err("a role is always like itself".to_owned()),
        Some(model) => match &protocol.roles[model].like {
            Some(other) => Err(format!("`{name}` is itself like `{other}`")),
            None => Ok(model),
        },
    }
}

/// The choices of a role with those of its model, if both behave alike.
fn pair(interface: &Interface, role: usize, model: usize) -> Result<Vec<(usize, usize)>, String> {
    let (own, other) = (&interface.roles[role], &interface.roles[model]);
    let sent = |role: &RoleInterface| role.sends.iter().map(|one| one.label).collect();
    let received = |role: &RoleInterface| role.receives.iter().map(|one| one.label).collect();
    same(
        interface,
        "sends, other than as the first message of a branch,",
        (own, sent(own)),
        (other, sent(other)),
    )?;
    same(interface, "receives", (own, received(own)), (other, received(other)))?;
    let mut left: Vec<usize> = other.choices.clone();
    let mut pairs = Vec::new();
    for &choice in &own.choices {
        let labels = branches(&interface.choices[choice]);
        let alike = |&at: &usize| branches(&interface.choices[at]) == labels;
        let Some(at) = left.iter().position(alike) else {
            let name = &interface.choices[choice].name;
            return Err(format!("`{}` has no choice like `{name}`", other.name));
        };
        let at = left.remove(at);
        let (name, model) = (&interface.choices[choice].name, &interface.choices[at].name);
        let is_given = !name.to_string().starts_with(&format!("{}Choice", own.name));
        if is_given && name != model {
            return Err(format!(
                "its choice `{name}` is called `{model}` there; leave the name out"
            ));
        }
        pairs.push((choice, at));
    }
    match left.first() {
        Some(&choice) => {
            let name = &interface.choices[choice].name;
            Err(format!("`{}` has no choice like `{name}`", own.name))
        }
        None => Ok(pairs),
    }
}

/// The labels that begin the branches of a choice, in order.
fn branches(choice: &ChoiceInterface) -> Vec<LabelId> {
    let mut labels: Vec<LabelId> = choice.variants.iter().map(|variant| variant.label).collect();
    labels.sort_unstable();
    labels
}

type Labels<'i> = (&'i RoleInterface, BTreeSet<LabelId>);

/// Whether two roles have the same labels; otherwise says which of them has one more.
fn same(
    interface: &Interface,
    verb: &str,
    (own, labels): Labels<'_>,
    (other, others): Labels<'_>,
) -> Result<(), String> {
    let only = |role: &RoleInterface, label: &LabelId| {
        let label = &interface.labels[label.index()].name;
        format!("only `{}` {verb} `{label}`", role.name)
    };
    if let Some(label) = labels.difference(&others).next() {
        return Err(only(own, label));
    }
    others.difference(&labels).next().map_or(Ok(()), |label| Err(only(other, label)))
}
