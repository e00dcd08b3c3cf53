//! The roles that a protocol declares.

use std::collections::{BTreeMap, BTreeSet};

use telltale_types::RoleId;

use crate::ast::{self, Role};
use crate::camel::check_camel_case;
use crate::diagnostic::Diagnostic;
use crate::excerpt::excerpt;
use crate::mistake::Mistake;
use crate::mistakes::Mistakes;
use crate::name::Name;

/// How many unknown roles are explained one by one.
const EXPLAINED: usize = 4;

/// How many roles are named in a sentence.
pub(super) const NAMED: usize = 8;

/// The roles of one protocol, to be found by name, and which of them do something.
pub(super) struct Roles<'a> {
    pub(super) declared: Vec<&'a Role>,
    by_name: BTreeMap<String, RoleId>,
    used: Vec<bool>,
}

/// The roles that are named and not declared, each once, in the order in which they are met.
#[derive(Default)]
pub(super) struct Unknown {
    known: BTreeSet<String>,
    /// With what each may be meant as.
    list: Vec<(Name, Option<String>)>,
}

impl Unknown {
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many are explained one by one.
    pub(super) fn is_full(&self) -> bool {
        self.list.len() >= EXPLAINED
    }

    /// Remembers a name; `similar` is asked if the answer will be read.
    pub(super) fn add(&mut self, name: &Name, similar: impl FnOnce() -> Option<String>) {
        if self.known.insert(name.to_string()) {
            let similar = if self.is_full() { None } else { similar() };
            self.list.push((name.clone(), similar));
        }
    }

    /// Reports the first of them, and the others together.
    pub(super) fn report(self, protocol: &ast::Protocol, mistakes: &mut Mistakes) {
        // A single one is not worth being said to be more.
        let few = if self.list.len() == EXPLAINED + 1 { EXPLAINED + 1 } else { EXPLAINED };
        for (name, similar) in self.list.iter().take(few) {
            let added = head(protocol, [name]);
            let similar = similar.clone();
            let mistake = Mistake::UnknownRole { name: name.to_string(), similar, added };
            mistakes.push(Diagnostic::new(mistake, name));
        }
        let rest = self.list.get(few..).unwrap_or_default();
        if let Some((first, _)) = rest.first() {
            let names: Vec<String> =
                rest.iter().take(NAMED).map(|(name, _)| name.to_string()).collect();
            let more = rest.len() - names.len();
            let all = head(protocol, self.list.iter().map(|(name, _)| name));
            let mistake = Mistake::UnknownRoles { count: rest.len(), names, more, all };
            mistakes.push(Diagnostic::new(mistake, first));
        }
    }
}

/// `protocol Name(Alice, Bob, …)` with more roles.
fn head<'n>(protocol: &ast::Protocol, more: impl IntoIterator<Item = &'n Name>) -> String {
    let declared = protocol.roles.iter().map(|role| &role.name);
    let mut names: Vec<String> = declared.take(NAMED).map(ToString::to_string).collect();
    if protocol.roles.len() > NAMED {
        names.push("…".to_owned());
    }
    let mut more = more.into_iter();
    names.extend(more.by_ref().take(NAMED).map(ToString::to_string));
    if more.next().is_some() {
        names.push("…".to_owned());
    }
    excerpt(&format!("protocol {}({})", protocol.name, names.join(", ")))
}

/// The distinct roles of a protocol, as many as there can be.
pub(super) fn declared<'a>(protocol: &'a ast::Protocol, mistakes: &mut Mistakes) -> Roles<'a> {
    let mut roles = Roles { declared: Vec::new(), by_name: BTreeMap::new(), used: Vec::new() };
    for role in &protocol.roles {
        let name = role.name.to_string();
        if roles.by_name.contains_key(&name) {
            mistakes.push(Diagnostic::new(Mistake::DuplicateRole { name }, &role.name));
        } else if roles.declared.len() < RoleId::LIMIT {
            check_camel_case("role", &role.name, mistakes);
            roles.by_name.insert(name, RoleId::at(roles.declared.len()));
            roles.declared.push(role);
        }
    }
    let given = protocol.roles.len();
    if given > RoleId::LIMIT {
        let mistake = Mistake::TooManyRoles { given, limit: RoleId::LIMIT };
        mistakes.push(Diagnostic::new(mistake, &protocol.roles[RoleId::LIMIT].name));
    }
    if roles.declared.len() < 2 {
        mistakes.push(Diagnostic::new(Mistake::TooFewRoles, &protocol.name));
    }
    roles.used = vec![false; roles.declared.len()];
    roles
}

impl Roles<'_> {
    /// The role of this name, which from now on counts as used.
    pub(super) fn find(&mut self, name: &str) -> Option<RoleId> {
        let role = *self.by_name.get(name)?;
        self.used[role.index()] = true;
        Some(role)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    pub(super) fn unused(&self) -> impl Iterator<Item = &Role> {
        self.declared.iter().zip(&self.used).filter(|(_, used)| !**used).map(|(role, _)| *role)
    }
}
