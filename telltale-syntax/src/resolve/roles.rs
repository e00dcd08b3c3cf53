//! The roles that a protocol declares.

use std::collections::BTreeMap;

use telltale_types::RoleId;

use crate::ast::{self, Role};
use crate::camel::check_camel_case;
use crate::diagnostic::Diagnostic;
use crate::mistake::Mistake;
use crate::mistakes::Mistakes;

/// The roles of one protocol, to be found by name, and which of them do something.
pub(super) struct Roles<'a> {
    pub(super) declared: Vec<&'a Role>,
    by_name: BTreeMap<String, RoleId>,
    used: Vec<bool>,
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
