//! What an image has for each role, to be looked up by name or id.

use std::fmt;
use std::ops::Index;

use telltale_types::{LocalTypeR, Names, RoleId, Shared};

use crate::Instr;
use crate::compile::Program;
use crate::operand::number;

/// The local types of an image, by role.
#[derive(Clone, PartialEq, Eq)]
pub struct LocalTypes(pub(crate) Shared<[LocalTypeR]>);

impl LocalTypes {
    /// The roles and their local types, in the order in which the roles are declared.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &LocalTypeR)> + Clone {
        self.0.iter().enumerate().map(|(at, local)| (local.names().role(RoleId::at(at)), local))
    }

    /// The local type of a role.
    pub fn get(&self, role: &str) -> Option<&LocalTypeR> {
        self.iter().find(|(name, _)| *name == role).map(|(_, local)| local)
    }

    /// How many roles there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no roles.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Index<RoleId> for LocalTypes {
    type Output = LocalTypeR;

    fn index(&self, role: RoleId) -> &LocalTypeR {
        &self.0[role.index()]
    }
}

impl Index<&str> for LocalTypes {
    type Output = LocalTypeR;

    fn index(&self, role: &str) -> &LocalTypeR {
        self.get(role).unwrap_or_else(|| panic!("no role `{role}` in this image"))
    }
}

impl fmt::Debug for LocalTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// The programs of an image, by role: slices of one code array.
#[derive(Clone, PartialEq, Eq)]
pub struct Programs {
    pub(crate) names: Shared<Names>,
    pub(crate) code: Shared<[Instr]>,
    pub(crate) ends: Shared<[u32]>,
}

impl Programs {
    pub(crate) fn of(names: &Shared<Names>, programs: &[Program]) -> Self {
        let mut code = Vec::new();
        let mut ends = Vec::new();
        for program in programs {
            code.extend(&program.code);
            ends.push(number(code.len()));
        }
        Self { names: names.clone(), code: code.into(), ends: ends.into() }
    }

    /// The roles and their programs, in the order in which the roles are declared.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &[Instr])> + Clone {
        self.names.roles().map(|(role, name)| (name, &self[role]))
    }

    /// The program of a role.
    pub fn get(&self, role: &str) -> Option<&[Instr]> {
        self.names.find_role(role).map(|role| &self[role])
    }

    /// How many roles there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are no roles.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All programs behind each other.
    pub fn code(&self) -> &[Instr] {
        &self.code
    }

    /// Where the programs end in [`Programs::code`].
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// Where the program of a role starts in [`Programs::code`].
    pub fn start(&self, role: RoleId) -> u32 {
        if role.0 == 0 { 0 } else { self.ends[role.index() - 1] }
    }
}

impl Index<RoleId> for Programs {
    type Output = [Instr];

    fn index(&self, role: RoleId) -> &[Instr] {
        &self.code[self.start(role) as usize..self.ends[role.index()] as usize]
    }
}

impl Index<&str> for Programs {
    type Output = [Instr];

    fn index(&self, role: &str) -> &[Instr] {
        self.get(role).unwrap_or_else(|| panic!("no role `{role}` in this image"))
    }
}

impl fmt::Debug for Programs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
