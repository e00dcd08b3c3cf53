//! Programs written by hand.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::RefUnwindSafe;

use telltale_types::{GlobalType, LabelId, LocalTypeR, Names, RoleId, Shared};

use crate::compile::{Program, Tables};
use crate::image::{CodeImage, ContentHash};
use crate::{
    Branch, CompileError, EffectId, ImportId, Instr, Pc, Reg, SetId, Slot, TargetsId, Via,
};

/// What most images do not have.
#[doc(hidden)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extras {
    /// Where roles may stop although they could still receive something.
    pub(crate) rests: Shared<[(RoleId, Pc)]>,
    /// Whether the programs are not what the compiler makes of the local types.
    pub(crate) by_hand: bool,
    /// Whether they are known to do what the local types allow all the same.
    pub(crate) is_verified: bool,
    pub(crate) imports: Vec<(String, ContentHash)>,
    pub(crate) effects: Vec<String>,
    pub(crate) registers: usize,
    /// The declared version of what the payloads are.
    pub(crate) payload_version: u32,
    pub(crate) attachment: Attachment,
}

/// What a machine wants to find again with an image, and nobody else understands: how payloads are written down. It is no part of
/// what the image is.
#[doc(hidden)]
#[derive(Clone, Copy, Default)]
pub struct Attachment(pub Option<&'static (dyn Any + Send + Sync + RefUnwindSafe)>);

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Attachment(..)" } else { "Attachment" })
    }
}

impl PartialEq for Attachment {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Attachment {}

impl Extras {
    /// Those of a compiled image with places where roles may rest.
    pub const fn resting(rests: Shared<[(RoleId, Pc)]>) -> Self {
        Self {
            rests,
            by_hand: false,
            is_verified: true,
            imports: Vec::new(),
            effects: Vec::new(),
            registers: 0,
            payload_version: 0,
            attachment: Attachment(None),
        }
    }

    /// [`Extras::resting`] in the binary.
    pub const fn resting_static(rests: &'static [(RoleId, Pc)]) -> Self {
        Self::resting(Shared::Static(rests))
    }

    /// Those of programs written by hand.
    pub(crate) fn by_hand() -> Self {
        Self { by_hand: true, is_verified: false, ..Self::resting_static(&[]) }
    }

    /// Makes sure that there are the registers that some instructions name.
    pub(crate) fn count_registers(&mut self, code: &[Instr]) {
        let used = code.iter().copied().filter_map(highest_register).max().map_or(0, |reg| reg + 1);
        self.registers = self.registers.max(used);
    }

    /// The same for payloads that can be written down.
    #[must_use]
    pub const fn with_payloads(mut self, version: u32, attachment: Attachment) -> Self {
        self.payload_version = version;
        self.attachment = attachment;
        self
    }
}

/// Puts together an image whose programs are written by hand.
///
/// Such an image is *unverified*: a VM checks every communication of its programs against the local
/// types while they run, and a wrong one is a fault. Its programs can use registers, open sessions of
/// imported images and hand endpoints on. What is right without all that is found out by validating it.
///
/// ```
/// use std::collections::BTreeMap;
/// use telltale_bytecode::{Assembler, Hop, ImmKind, Instr, Reg, Slot, Via};
/// use telltale_types::{GlobalTerm, Label};
///
/// let global = GlobalTerm::send("Alice", "Bob", Label::with("Ping", "u64"), GlobalTerm::end()).close()?;
/// let locals: BTreeMap<_, _> = telltale_theory::project_all(&global)?.into_iter().collect();
///
/// let mut asm = Assembler::new(&locals, &global)?;
/// let (alice, bob) = (asm.role("Alice")?, asm.role("Bob")?);
/// let (ping, next) = (asm.label("Ping")?, Hop::NEXT);
/// asm.program("Alice", [
///     Instr::LoadImm { into: Reg(0), kind: ImmKind::Uint, bits: 7 },
///     Instr::Send { via: Via::OWN, to: bob, value: Slot::reg(Reg(0)), label: ping, next },
///     Instr::Halt,
/// ])?;
/// asm.program("Bob", [
///     Instr::Recv { via: Via::OWN, from: alice, value: Slot::HANDLER, label: ping, next },
///     Instr::Halt,
/// ])?;
/// let image = asm.finish()?;
/// assert!(!image.is_verified());
/// assert!(image.to_string().contains("send    Bob!Ping(u64) from r0"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Assembler {
    global: GlobalType,
    locals: Vec<LocalTypeR>,
    programs: Vec<Option<Vec<Instr>>>,
    tables: Tables,
    extras: Extras,
}

impl Assembler {
    /// Starts with the types that the programs are to be checked against.
    ///
    /// # Errors
    ///
    /// When the local types are no projection of the global type, or one of the roles does several things
    /// at once.
    pub fn new(
        local_types: &BTreeMap<String, LocalTypeR>,
        global_type: &GlobalType,
    ) -> Result<Self, CompileError> {
        let locals = CodeImage::locals_of(local_types, global_type)?;
        let forks = |local: &&LocalTypeR| local.states().any(|state| local.par(state).is_some());
        if let Some((role, _)) = locals.iter().enumerate().find(|(_, local)| forks(local)) {
            let role = global_type.names().role(RoleId::at(role)).to_owned();
            return Err(CompileError::LanesByHand { role });
        }
        Ok(Self {
            global: global_type.clone(),
            programs: vec![None; locals.len()],
            locals,
            tables: Tables::default(),
            extras: Extras::by_hand(),
        })
    }

    /// The id of a role.
    ///
    /// # Errors
    ///
    /// When the protocol has no such role.
    pub fn role(&self, name: &str) -> Result<RoleId, CompileError> {
        let unknown = || CompileError::UnknownRole { role: name.to_owned() };
        self.names().find_role(name).ok_or_else(unknown)
    }

    /// The id of a label.
    ///
    /// # Errors
    ///
    /// When the protocol has no such label.
    pub fn label(&self, name: &str) -> Result<LabelId, CompileError> {
        let unknown = || CompileError::UnknownLabel { label: name.to_owned() };
        self.names().find_label(name).ok_or_else(unknown)
    }

    /// The branches of a choice and where they lead, for [`Instr::Offer`] and [`Instr::Choose`]. The
    /// branches are put in the order of the image.
    ///
    /// # Errors
    ///
    /// When there are more different sets of branches than an image can hold.
    pub fn branches(
        &mut self,
        branches: impl IntoIterator<Item = (Branch, Pc)>,
    ) -> Result<(SetId, TargetsId), CompileError> {
        let mut branches: Vec<(Branch, Pc)> = branches.into_iter().collect();
        branches.sort_unstable_by_key(|(branch, _)| (branch.label, branch.peer));
        let set = self.tables.set(branches.iter().map(|(branch, _)| *branch).collect())?;
        let targets = u32::try_from(self.tables.targets.len());
        let targets = TargetsId(
            targets.map_err(|_| CompileError::TooMany { what: "targets", limit: 1 << 32 })?,
        );
        self.tables.targets.extend(branches.iter().map(|(_, target)| target.0));
        Ok((set, targets))
    }

    /// Names an image whose sessions the programs may open. Images are told apart by their content.
    ///
    /// # Errors
    ///
    /// When there are 65,536 imports already.
    pub fn import(&mut self, name: &str, image: &CodeImage) -> Result<ImportId, CompileError> {
        let id = next_id(self.extras.imports.len(), "imports")?;
        self.extras.imports.push((name.to_owned(), image.hash()));
        Ok(ImportId(id))
    }

    /// Names an effect that the programs may invoke.
    ///
    /// # Errors
    ///
    /// When there are 65,536 effects already.
    pub fn effect(&mut self, name: &str) -> Result<EffectId, CompileError> {
        let id = next_id(self.extras.effects.len(), "effects")?;
        self.extras.effects.push(name.to_owned());
        Ok(EffectId(id))
    }

    /// Gives the program of a role.
    ///
    /// # Errors
    ///
    /// When the protocol has no such role.
    pub fn program(
        &mut self,
        role: &str,
        code: impl IntoIterator<Item = Instr>,
    ) -> Result<(), CompileError> {
        let role = self.role(role)?;
        let code: Vec<Instr> = code.into_iter().collect();
        self.extras.count_registers(&code);
        self.programs[role.index()] = Some(code);
        Ok(())
    }

    /// The image.
    ///
    /// # Errors
    ///
    /// When a role has no program.
    pub fn finish(self) -> Result<CodeImage, CompileError> {
        let names = self.global.names().clone();
        let programs = self.programs.into_iter().zip(names.roles()).map(|(code, (_, role))| {
            let missing = || CompileError::MissingProgram { role: role.to_owned() };
            Ok(Program { code: code.ok_or_else(missing)?, rests: Vec::new() })
        });
        let programs = programs.collect::<Result<Vec<_>, CompileError>>()?;
        let extras = Some(Shared::from(self.extras));
        Ok(CodeImage::assemble(&self.global, self.locals, &programs, self.tables, extras))
    }

    fn names(&self) -> &Names {
        self.global.names()
    }
}

/// The number of one more entry of a table.
fn next_id(entries: usize, what: &'static str) -> Result<u16, CompileError> {
    u16::try_from(entries).map_err(|_| CompileError::TooMany { what, limit: 1 << 16 })
}

/// The highest register that an instruction names.
fn highest_register(instr: Instr) -> Option<usize> {
    let of = |via: Via, slot: Slot| via.as_reg().max(slot.as_reg());
    let reg = match instr {
        Instr::Send { via, value, .. } | Instr::Recv { via, value, .. } => of(via, value),
        Instr::Offer { via, .. } | Instr::Choose { via, .. } => via.as_reg(),
        // The endpoints go into as many registers as the imported protocol has roles; the VM, which
        // knows the protocol, looks whether they are there.
        Instr::Open { first, .. } => Some(first),
        Instr::Close { endpoint } => Some(endpoint),
        Instr::Invoke { argument, result, .. } => argument.as_reg().max(result.as_reg()),
        Instr::LoadImm { into, .. } => Some(into),
        Instr::Mov { from, to } => Some(from.max(to)),
        Instr::Jmp { .. } | Instr::Yield | Instr::Halt | Instr::Fork { .. } | Instr::Join => None,
    };
    reg.map(|Reg(number)| number.into())
}
