//! From an image that nobody vouches for to one that is right, or to what is wrong with it.

use std::collections::BTreeSet;

use telltale_theory::{Options, ProjectionError};
use telltale_types::foreign::{Named, misspelt};
use telltale_types::{GlobalState, GlobalType, LocalState, LocalTypeR, Names, RoleId, Shared};

use super::compare::{first_difference, parting};
use super::{ImageError, Limits, UntrustedImage};
use crate::assemble::Extras;
use crate::clip::clipped;
use crate::compile::{Program, Tables};
use crate::disasm::{Line, Operands};
use crate::operand::number;
use crate::verify::{Effects, Failure, Scope, follow};
use crate::{Branch, CodeImage, Instr, Pc};

impl UntrustedImage {
    /// The image, if everything in it is right.
    ///
    /// The global type is projected again, and the local types have to be what comes out. The programs have to be those
    /// that the compiler makes of them, or to do what they allow, which is verified by abstract execution. What validates
    /// runs without a fault, as long as its handler gives payloads of the right types; what it was said to be, it is.
    ///
    /// A role that may be finished without being told is no error here: nothing goes wrong when it is.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, and where; or the limit that was reached.
    pub fn validate(&self) -> Result<CodeImage, ImageError> {
        self.validate_with(&Limits::default())
    }

    /// [`UntrustedImage::validate`] with other limits.
    ///
    /// # Errors
    ///
    /// As [`UntrustedImage::validate`].
    pub fn validate_with(&self, limits: &Limits) -> Result<CodeImage, ImageError> {
        self.check_sizes(limits)?;
        self.check_names()?;
        let global = self.checked_global()?;
        let locals = self.checked_locals(&global, limits)?;
        let programs = self.decoded_programs()?;
        let compiled = CodeImage::compiled(&global, locals.clone())?;
        let image = match self.where_it_differs(&programs, &compiled) {
            None => compiled,
            Some((role, pc)) if forks(&locals) => {
                return Err(self.not_compiled(&programs[role.index()], &compiled, role, pc));
            }
            Some(_) => self.verified(&global, locals, programs, limits)?,
        };
        let image = image.with_payload_version(self.payload_version);
        match self.hash {
            Some(expected) if expected != image.hash() => {
                Err(ImageError::Hash { expected, found: image.hash() })
            }
            _ => Ok(image),
        }
    }

    fn check_sizes(&self, limits: &Limits) -> Result<(), ImageError> {
        let longest = self.names().map(str::len).max().unwrap_or(0);
        check("bytes in one name", longest, limits.name)?;
        check("bytes in all names", self.names().map(str::len).sum(), limits.names)?;
        check("roles", self.roles.len(), limits.roles)?;
        check("labels", self.labels.len(), limits.labels)?;
        check("effects", self.effects.len(), limits.labels)?;
        check("imports", self.imports.len(), limits.labels)?;
        check("states", self.global_type.len(), limits.states)?;
        let exits = self.global_type.iter().map(|state| match state {
            GlobalState::Exits(exits) => exits.len(),
            GlobalState::Par(par) => par.arms.len() + 1,
            GlobalState::ArmEnd => 0,
        });
        let (exits, has_par) = (exits.sum(), self.global_type.iter().any(is_par));
        check("exits", exits, limits.exits)?;
        if has_par {
            check("exits in a protocol with parallel parts", exits, limits.exits_beside)?;
        }
        for role in &self.roles {
            check("states in a local type", role.local_type.len(), limits.states)?;
            let exits = role.local_type.iter().map(|state| match state {
                LocalState::Exits { exits, .. } => exits.len(),
                LocalState::Par(par) => par.arms.len() + 1,
                LocalState::ArmEnd => 0,
            });
            let limit = if has_par { limits.exits_beside } else { limits.exits };
            check("exits in a local type", exits.sum(), limit)?;
        }
        let instructions = self.roles.iter().map(|role| role.program.len()).sum();
        check("instructions", instructions, limits.instructions)?;
        let branches = self.sets.iter().map(Vec::len).sum();
        check("branches", branches, limits.instructions)?;
        check("targets", self.targets.len(), limits.instructions)?;
        check("branches of all choices", self.branches_of_all(), limits.instructions)
    }

    /// The branches of all choices, each with its own: many may name one set, but each is hashed, linked and shown with
    /// all of them.
    fn branches_of_all(&self) -> usize {
        let words = self.roles.iter().flat_map(|role| &role.program);
        let branches = words.map(|&word| match Instr::from_word(word) {
            Some(Instr::Choose { set, .. } | Instr::Offer { set, .. }) => {
                self.sets.get(usize::from(set.0)).map_or(0, Vec::len)
            }
            Some(Instr::Fork { count, .. }) => usize::from(count) + 1,
            _ => 0,
        });
        branches.fold(0, usize::saturating_add)
    }

    /// All texts that an image brings with it.
    fn names(&self) -> impl Iterator<Item = &str> {
        self.named().map(|(_, _, name)| name)
    }

    /// The same, and what each is.
    fn named(&self) -> impl Iterator<Item = (&'static str, Named, &str)> {
        let roles = self.roles.iter().map(|role| ("a role", Named::Word, &*role.name));
        let labels = self.labels.iter().flat_map(|label| {
            let payload = ("a payload type", Named::Payload, label.payload.as_str());
            [("a label", Named::Word, &*label.name), payload]
        });
        let effects = self.effects.iter().map(|name| ("an effect", Named::Other, &**name));
        let imports = self.imports.iter().map(|(name, _)| ("an import", Named::Other, &**name));
        roles.chain(labels).chain(effects).chain(imports)
    }

    /// Names are shown wherever types and programs are, so none may look like something else there.
    fn check_names(&self) -> Result<(), ImageError> {
        for (what, of, name) in self.named() {
            if let Some(reason) = misspelt(name, of) {
                return Err(ImageError::Name { what, name: clipped(name), reason });
            }
        }
        Ok(())
    }

    fn checked_global(&self) -> Result<GlobalType, ImageError> {
        let roles = self.roles.iter().map(|role| &role.name);
        let names = Names::new(roles, self.labels.iter().cloned());
        let names = names.map_err(ImageError::GlobalType)?;
        GlobalType::new(names, self.global_type.clone()).map_err(ImageError::GlobalType)
    }

    /// The local types, if they are those that projecting gives. (The content hash knows of the global type and of
    /// the programs. If a local type that only allows less, or takes more, were as good, two images with one hash would differ.)
    fn checked_locals(
        &self,
        global: &GlobalType,
        limits: &Limits,
    ) -> Result<Vec<LocalTypeR>, ImageError> {
        let names = global.names();
        let claimed = self.roles.iter().map(|role| checked_local(names, role));
        let claimed = claimed.collect::<Result<Vec<_>, _>>()?;
        let projected = telltale_theory::project_all_with(global, &options(limits))?;
        for (claimed, (role, projected)) in claimed.iter().zip(projected) {
            if *claimed != projected {
                let parting = parting(&projected, &claimed.minimised());
                let (after, expected, found) = (parting.after, parting.of_one, parting.of_other);
                return Err(ImageError::NotProjected { role, after, expected, found });
            }
        }
        Ok(claimed)
    }

    fn decoded_programs(&self) -> Result<Vec<Vec<Instr>>, ImageError> {
        let decoded = |role: &super::Role, at: usize, word: u64| {
            // One instruction is written in one way.
            let instr = Instr::from_word(word).filter(|instr| instr.to_word() == word);
            let none =
                || ImageError::NoInstruction { role: role.name.clone(), pc: number(at), word };
            instr.ok_or_else(none)
        };
        let programs = self.roles.iter().map(|role| {
            role.program.iter().enumerate().map(|(at, &word)| decoded(role, at, word)).collect()
        });
        programs.collect()
    }

    /// The first instruction that is not as the compiler would have it.
    fn where_it_differs(
        &self,
        programs: &[Vec<Instr>],
        compiled: &CodeImage,
    ) -> Option<(RoleId, Pc)> {
        programs.iter().enumerate().find_map(|(role, program)| {
            let role = RoleId::at(role);
            let compiled = (&compiled.programs[role], &**compiled);
            Some((role, first_difference((program, self), compiled)?))
        })
    }

    /// The error of a program that has to be as it is compiled. Which coroutine a lane has, and which channels, is found out from
    /// where its instructions stand.
    fn not_compiled(
        &self,
        program: &[Instr],
        compiled: &CodeImage,
        role: RoleId,
        pc: Pc,
    ) -> ImageError {
        let expected = shown(&**compiled, pc, &compiled.programs[role]);
        let found = shown(self, pc, program);
        ImageError::Instruction {
            role: self.roles[role.index()].name.clone(),
            pc: pc.0,
            instruction: found.clone(),
            expected: format!(
                "`{expected}`, as it is compiled where roles do several things at once"
            ),
            found: format!("`{found}`"),
        }
    }

    /// The image with programs that the compiler has not written, if they are right.
    fn verified(
        &self,
        global: &GlobalType,
        locals: Vec<LocalTypeR>,
        programs: Vec<Vec<Instr>>,
        limits: &Limits,
    ) -> Result<CodeImage, ImageError> {
        let (imports, effects) = (self.imports.clone(), self.effects.clone());
        let mut extras = Extras { is_verified: true, imports, effects, ..Extras::by_hand() };
        for code in &programs {
            extras.count_registers(code);
        }
        check("registers", extras.registers, limits.registers)?;
        let programs = programs.into_iter().map(|code| Program { code, rests: Vec::new() });
        let programs: Vec<Program> = programs.collect();
        let tables = self.checked_tables()?;
        let image =
            CodeImage::assemble(global, locals, &programs, tables, Some(Shared::from(extras)));
        let (mut effects, mut steps) = (Effects::default(), limits.verifying);
        for (role, name) in global.names().roles() {
            follow(&image, role, Scope::Everything, &mut effects, &mut steps).map_err(
                |failure| {
                    let shown = |pc| shown(self, pc, &programs[role.index()].code);
                    explained(failure, name.to_owned(), shown, limits)
                },
            )?;
        }
        Ok(image)
    }

    /// The branch sets, if each is in order, and there is one of each.
    fn checked_tables(&self) -> Result<Tables, ImageError> {
        let mut tables = Tables::default();
        tables.targets.clone_from(&self.targets);
        let mut known = BTreeSet::new();
        for (set, branches) in self.sets.iter().enumerate() {
            let key = |branch: &Branch| (branch.label, branch.peer);
            if !branches.is_sorted_by(|one, other| key(one) < key(other)) {
                let reason = "is not in the order of labels and roles, or has a branch twice";
                return Err(ImageError::Branches { set, reason });
            }
            if !known.insert(branches) {
                return Err(ImageError::Branches { set, reason: "is there twice" });
            }
            tables.set(branches.clone())?;
        }
        Ok(tables)
    }
}

/// An instruction of a program, if there is one.
fn shown(operands: &impl Operands, pc: Pc, code: &[Instr]) -> String {
    let Some(&instr) = code.get(pc.index()) else { return "no instruction".to_owned() };
    clipped(Line { operands, pc: Some(pc), instr, in_columns: false })
}

fn explained(
    failure: Failure,
    role: String,
    shown: impl Fn(Pc) -> String,
    limits: &Limits,
) -> ImageError {
    match failure {
        Failure::Misstep(pc, expected, found) => {
            ImageError::Instruction { role, pc: pc.0, instruction: shown(pc), expected, found }
        }
        Failure::Silent(pc) => ImageError::SilentLoop { role, pc: pc.0, instruction: shown(pc) },
        Failure::Limit => ImageError::TooMuchToVerify { role, limit: limits.verifying },
    }
}

fn checked_local(names: &Shared<Names>, role: &super::Role) -> Result<LocalTypeR, ImageError> {
    let local = LocalTypeR::new(names.clone(), role.local_type.clone());
    local.map_err(|error| ImageError::LocalType { role: role.name.clone(), error })
}

fn options(limits: &Limits) -> Options {
    Options {
        allow_silent_end: true,
        find_remedies: false,
        limits: telltale_theory::Limits {
            states: limits.projected_states,
            exits: limits.projected_exits,
            overtaking: limits.overtaking,
            explained: 1,
        },
    }
}

fn is_par(state: &GlobalState) -> bool {
    matches!(state, GlobalState::Par(_))
}

fn forks(locals: &[LocalTypeR]) -> bool {
    locals.iter().any(|local| local.lanes().len() > 1)
}

fn check(what: &'static str, given: usize, limit: usize) -> Result<(), ImageError> {
    if given > limit { Err(ImageError::Limit { what, given, limit }) } else { Ok(()) }
}

impl From<ProjectionError> for ImageError {
    fn from(error: ProjectionError) -> Self {
        Self::Projection(Box::new(error))
    }
}

#[cfg(test)]
mod tests;
