//! A protocol, ready to run.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;

use sha2::{Digest, Sha256};
use telltale_types::{
    Coroutines, GlobalType, LabelId, LocalExit, LocalState, LocalTypeR, Names, RoleId, Shared,
    check_at_once,
};

use crate::assemble::Extras;
use crate::by_role::{LocalTypes, Programs};
use crate::channel::{Channel, channels};
use crate::compile::{Program, Tables, compile};
use crate::lanes::RoleLanes;
use crate::{CompileError, EffectId, ImportId, Instr, Pc, SetId, TargetsId, disasm};

/// The version of the instruction set and of the tables.
pub const FORMAT: u16 = 1;

/// One branch of a choice: the peer and the label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Branch {
    /// To whom an internal choice sends, from whom an external choice receives.
    pub peer: RoleId,
    /// The message.
    pub label: LabelId,
}

/// What identifies a protocol, whatever its documentation and its layout in a source file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash(pub [u8; 32]);

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContentHash({self})")
    }
}

/// A protocol compiled to bytecode, with the types it comes from.
///
/// An image is read-only: `choreography!` puts one into the binary, [`CodeImage::from_local_types`]
/// makes one at run time, and both are the same. A clone shares the tables.
///
/// It has `global_type`, `local_types` and `programs` as fields (of [`Image`], which it
/// dereferences to) and prints as a readable disassembly.
#[derive(Clone, PartialEq, Eq)]
pub struct CodeImage(Shared<Image>);

/// The tables of a [`CodeImage`].
#[derive(Clone)]
#[non_exhaustive]
pub struct Image {
    /// The protocol seen from above.
    pub global_type: GlobalType,
    /// The part of each role.
    pub local_types: LocalTypes,
    /// What each role executes.
    pub programs: Programs,
    branches: Shared<[Branch]>,
    /// Where each set of branches ends, then where the branches of all choices lead.
    set_ends_and_targets: Shared<[u32]>,
    sets: u16,
    channels: Shared<[Channel]>,
    pub(crate) extras: Option<Shared<Extras>>,
    hash: ContentHash,
}

impl PartialEq for Image {
    fn eq(&self, other: &Self) -> bool {
        let none = || const { &Extras::resting_static(&[]) };
        self.hash == other.hash
            && self.global_type == other.global_type
            && self.local_types == other.local_types
            && self.programs == other.programs
            && self.sets == other.sets
            && self.branches == other.branches
            && self.set_ends_and_targets == other.set_ends_and_targets
            && self.channels == other.channels
            && self.extras.as_deref().unwrap_or_else(none)
                == other.extras.as_deref().unwrap_or_else(none)
    }
}

impl Eq for Image {}

/// The parts of an [`Image`] in the binary, as the macro writes them.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct StaticImage {
    pub names: &'static Names,
    pub global_type: &'static [u8],
    pub local_types: &'static [LocalTypeR],
    pub code: &'static [Instr],
    pub program_ends: &'static [u32],
    pub branches: &'static [Branch],
    pub set_ends_and_targets: &'static [u32],
    pub sets: u16,
    pub channels: &'static [Channel],
    pub extras: Option<&'static Extras>,
    pub hash: [u8; 32],
}

impl CodeImage {
    /// Compiles projected local types to an image.
    ///
    /// The types are taken to be a projection of the global type, as `project_all` gives it.
    ///
    /// # Panics
    ///
    /// When they cannot be: a role is missing or unknown, or a local type speaks of roles or labels
    /// that the global type does not have; or when they are, and too large, as [`CodeImage::try_from_local_types`] says,
    /// which gives an error then.
    pub fn from_local_types(
        local_types: &BTreeMap<String, LocalTypeR>,
        global_type: &GlobalType,
    ) -> Self {
        match Self::try_from_local_types(local_types, global_type) {
            Ok(image) => image,
            Err(error @ (CompileError::AtOnce(_) | CompileError::TooManyChoices { .. })) => {
                panic!("{error}")
            }
            Err(error) => panic!("these are not the projected types: {error}"),
        }
    }

    /// Compiles local types to an image, or says why they are no projection of the global type.
    ///
    /// # Errors
    ///
    /// When a role is missing or unknown, a local type speaks of unknown roles or labels, there are more
    /// different choices than an image can hold, or roles do more at once than a session can.
    pub fn try_from_local_types(
        local_types: &BTreeMap<String, LocalTypeR>,
        global_type: &GlobalType,
    ) -> Result<Self, CompileError> {
        Self::compiled(global_type, Self::locals_of(local_types, global_type)?)
    }

    /// Compiles local types that are by role, with the ids of the global type.
    pub(crate) fn compiled(
        global_type: &GlobalType,
        locals: Vec<LocalTypeR>,
    ) -> Result<Self, CompileError> {
        check_at_once(global_type, &locals)?;
        let mut tables = Tables::default();
        let programs = locals.iter().map(|local| compile(local, &mut tables));
        let programs = programs.collect::<Result<Vec<_>, _>>()?;
        Ok(Self::assemble(global_type, locals, &programs, tables, None))
    }

    /// The same image for payloads of a declared version.
    ///
    /// The types of payloads are known by their spelling only. Whoever changes what is behind it declares another version, and the
    /// content hash is another one. Without a declaration the version is 0.
    #[must_use]
    pub fn with_payload_version(self, version: u32) -> Self {
        if version == self.payload_version() {
            return self;
        }
        let mut extras =
            self.extras.as_deref().cloned().unwrap_or_else(|| Extras::resting_static(&[]));
        extras.payload_version = version;
        let mut image = Image { extras: Some(extras.into()), ..(*self.0).clone() };
        image.hash = image.computed_hash();
        Self(image.into())
    }

    /// The local types by role, with the ids of the global type.
    pub(crate) fn locals_of(
        local_types: &BTreeMap<String, LocalTypeR>,
        global_type: &GlobalType,
    ) -> Result<Vec<LocalTypeR>, CompileError> {
        let names = global_type.names();
        if let Some(role) = local_types.keys().find(|role| names.find_role(role).is_none()) {
            return Err(CompileError::UnknownRole { role: role.clone() });
        }
        let locals = names.roles().map(|(_, role)| match local_types.get(role) {
            Some(local) => renamed(local, role, names),
            None => Err(CompileError::MissingRole { role: role.to_owned() }),
        });
        locals.collect()
    }

    pub(crate) fn assemble(
        global_type: &GlobalType,
        locals: Vec<LocalTypeR>,
        programs: &[Program],
        tables: Tables,
        extras: Option<Shared<Extras>>,
    ) -> Self {
        let rests = programs.iter().enumerate().flat_map(|(role, program)| {
            program.rests.iter().map(move |&pc| (RoleId::at(role), pc))
        });
        let rests: Vec<_> = rests.collect();
        let resting = (!rests.is_empty()).then(|| Extras::resting(rests.into()).into());
        let mut image = Image {
            global_type: global_type.clone(),
            local_types: LocalTypes(locals.into()),
            programs: Programs::of(global_type.names(), programs),
            branches: tables.branches.into(),
            sets: u16::try_from(tables.set_ends.len())
                .expect("sets are counted when they are added"),
            set_ends_and_targets: [tables.set_ends, tables.targets].concat().into(),
            channels: channels(global_type).into(),
            extras: extras.or(resting),
            hash: ContentHash([0; 32]),
        };
        image.hash = image.computed_hash();
        Self(image.into())
    }

    /// The image whose tables are in the binary.
    #[doc(hidden)]
    pub const fn from_static(image: &'static Image) -> Self {
        Self(Shared::Static(image))
    }

    /// Whether both are the same image in memory, not only equal ones.
    pub fn is_same(&self, other: &Self) -> bool {
        std::ptr::eq::<Image>(&raw const *self.0, &raw const *other.0)
    }
}

impl Image {
    #[doc(hidden)]
    pub const fn from_static(parts: StaticImage) -> Self {
        Self {
            global_type: GlobalType::from_static(parts.names, parts.global_type),
            local_types: LocalTypes(Shared::Static(parts.local_types)),
            programs: Programs {
                names: Shared::Static(parts.names),
                code: Shared::Static(parts.code),
                ends: Shared::Static(parts.program_ends),
            },
            branches: Shared::Static(parts.branches),
            set_ends_and_targets: Shared::Static(parts.set_ends_and_targets),
            sets: parts.sets,
            channels: Shared::Static(parts.channels),
            extras: match parts.extras {
                Some(extras) => Some(Shared::Static(extras)),
                None => None,
            },
            hash: ContentHash(parts.hash),
        }
    }

    /// The roles and labels.
    pub fn names(&self) -> &Names {
        self.global_type.names()
    }

    /// The branches of a choice, ordered by label and peer.
    pub fn branches(&self, set: SetId) -> &[Branch] {
        let set = usize::from(set.0);
        let ends = &self.set_ends_and_targets[..usize::from(self.sets)];
        let start = if set == 0 { 0 } else { ends[set - 1] };
        &self.branches[start as usize..ends[set] as usize]
    }

    /// Where the branch with this index leads.
    pub fn target(&self, targets: TargetsId, branch: usize) -> Pc {
        Pc(self.targets()[targets.0 as usize + branch])
    }

    /// What is known of a role's program if the role does several things at once.
    pub fn lanes(&self, role: RoleId) -> Option<RoleLanes> {
        RoleLanes::of(&self.global_type, role, &self.local_types[role])
    }

    /// How many coroutines a role has beside its own, at most: one for each thing that it does at once with
    /// others.
    pub fn lane_count(&self, role: RoleId) -> usize {
        Coroutines::of(&self.local_types[role]).more
    }

    /// The channels between roles that talk, in the order of their ids.
    pub fn channels(&self) -> &[Channel] {
        &self.channels
    }

    /// Whether a role may stop at a place although it could still receive something.
    pub fn may_rest(&self, role: RoleId, pc: Pc) -> bool {
        self.rests().binary_search(&(role, pc)).is_ok()
    }

    /// Whether the programs are known to do what the local types allow, and nothing else. Those that were compiled are,
    /// and those that were validated; others are checked while they run.
    pub fn is_verified(&self) -> bool {
        self.extras.as_ref().is_none_or(|extras| extras.is_verified)
    }

    /// Whether the programs are not what the compiler makes of the local types: they may use all instructions.
    pub fn is_by_hand(&self) -> bool {
        self.extras.as_ref().is_some_and(|extras| extras.by_hand)
    }

    /// How many registers the programs need.
    pub fn registers(&self) -> usize {
        self.extras.as_ref().map_or(0, |extras| extras.registers)
    }

    /// The name and the content of an image that the programs may open.
    pub fn import(&self, import: ImportId) -> Option<(&str, ContentHash)> {
        let (name, hash) = self.extras.as_ref()?.imports.get(usize::from(import.0))?;
        Some((name, *hash))
    }

    /// The name of an effect.
    pub fn effect(&self, effect: EffectId) -> Option<&str> {
        self.extras.as_ref()?.effects.get(usize::from(effect.0)).map(String::as_str)
    }

    /// The branches of a choice, if there is such a set: programs written by hand may name any.
    pub fn find_branches(&self, set: SetId) -> Option<&[Branch]> {
        (set.0 < self.sets).then(|| self.branches(set))
    }

    /// Where a branch leads, if the table says so.
    pub fn find_target(&self, targets: TargetsId, branch: usize) -> Option<Pc> {
        self.targets().get((targets.0 as usize).checked_add(branch)?).copied().map(Pc)
    }

    /// How many sets of branches there are.
    pub(crate) fn set_count(&self) -> u16 {
        self.sets
    }

    pub(crate) fn targets(&self) -> &[u32] {
        &self.set_ends_and_targets[usize::from(self.sets)..]
    }

    /// The declared version of what the payloads are, which their types do not say; 0 if there is none.
    pub fn payload_version(&self) -> u32 {
        self.extras.as_ref().map_or(0, |extras| extras.payload_version)
    }

    /// What a machine has attached.
    #[doc(hidden)]
    pub fn attachment(&self) -> Option<&'static dyn Any> {
        let attachment: &'static dyn Any = self.extras.as_ref()?.attachment.0?;
        Some(attachment)
    }

    /// What identifies the protocol.
    pub fn hash(&self) -> ContentHash {
        self.hash
    }

    /// How many bytes the image takes, everything that hangs on it included.
    pub fn size(&self) -> usize {
        let locals = self.local_types.0.iter();
        size_of::<CodeImage>()
            + size_of::<Self>()
            + size_of::<Names>()
            + self.names().heap_size()
            + self.global_type.heap_size()
            + locals.map(|local| size_of::<LocalTypeR>() + local.heap_size()).sum::<usize>()
            + size_of_val(&*self.programs.code)
            + size_of_val(&*self.programs.ends)
            + size_of_val(&*self.branches)
            + size_of_val(&*self.set_ends_and_targets)
            + size_of_val(&*self.channels)
            + self
                .extras
                .as_ref()
                .map_or(0, |extras| size_of_val(&**extras) + size_of_val(&*extras.rests))
    }

    /// The tables of choices as the macro writes them: branches, how many sets there are, where they
    /// end and where branches lead.
    #[doc(hidden)]
    pub fn choices(&self) -> (&[Branch], u16, &[u32]) {
        (&self.branches, self.sets, &self.set_ends_and_targets)
    }

    /// Where roles may stop although they could still receive something.
    #[doc(hidden)]
    pub fn rests(&self) -> &[(RoleId, Pc)] {
        self.extras.as_ref().map_or(&[], |extras| &extras.rests)
    }

    fn computed_hash(&self) -> ContentHash {
        let mut hasher = Sha256::new();
        hasher.update(FORMAT.to_le_bytes());
        hasher.update(self.global_type.canonical());
        for (role, program) in self.programs.iter() {
            hash_text(role, &mut hasher);
            hasher.update((program.len() as u64).to_le_bytes());
            for &instr in program {
                self.hash_instr(instr, &mut hasher);
            }
        }
        if self.payload_version() != 0 {
            hasher.update(self.payload_version().to_le_bytes());
        }
        ContentHash(hasher.finalize().into())
    }

    /// An instruction is hashed with what its operands stand for: where that is in the tables of the image is no part of what
    /// the image is.
    fn hash_instr(&self, instr: Instr, hasher: &mut Sha256) {
        let (set, targets) = (SetId(0), TargetsId(0));
        match instr {
            Instr::Offer { via, set: of, targets: to } => {
                hasher.update(Instr::Offer { via, set, targets }.to_word().to_le_bytes());
                self.hash_choice(of, to, hasher);
            }
            Instr::Choose { via, set: of, targets: to } => {
                hasher.update(Instr::Choose { via, set, targets }.to_word().to_le_bytes());
                self.hash_choice(of, to, hasher);
            }
            Instr::Fork { first, count, targets: to } => {
                hasher.update(Instr::Fork { first, count, targets }.to_word().to_le_bytes());
                (0..=count).for_each(|nth| self.hash_target(to, nth.into(), hasher));
            }
            Instr::Invoke { effect: of, argument, result, next } => {
                let effect = EffectId(0);
                hasher.update(
                    Instr::Invoke { effect, argument, result, next }.to_word().to_le_bytes(),
                );
                hash_text(self.effect(of).unwrap_or_default(), hasher);
            }
            Instr::Open { import: of, first } => {
                hasher.update(Instr::Open { import: ImportId(0), first }.to_word().to_le_bytes());
                let (name, hash) = self.import(of).unwrap_or(("", ContentHash([0; 32])));
                hash_text(name, hasher);
                hasher.update(hash.0);
            }
            _ => hasher.update(instr.to_word().to_le_bytes()),
        }
    }

    fn hash_choice(&self, set: SetId, targets: TargetsId, hasher: &mut Sha256) {
        let branches = self.find_branches(set).unwrap_or_default();
        hasher.update((branches.len() as u64).to_le_bytes());
        for (nth, branch) in branches.iter().enumerate() {
            hasher.update([branch.peer.0]);
            hasher.update(branch.label.0.to_le_bytes());
            self.hash_target(targets, nth, hasher);
        }
    }

    fn hash_target(&self, targets: TargetsId, branch: usize, hasher: &mut Sha256) {
        let target = self.find_target(targets, branch).unwrap_or(Pc(u32::MAX));
        hasher.update(target.0.to_le_bytes());
    }
}

/// A text with its length first, so that no two texts can look like two others.
fn hash_text(text: &str, hasher: &mut Sha256) {
    hasher.update((text.len() as u64).to_le_bytes());
    hasher.update(text);
}

/// The local type with the role and label ids of the image.
fn renamed(
    local: &LocalTypeR,
    role: &str,
    names: &Shared<Names>,
) -> Result<LocalTypeR, CompileError> {
    if local.names() == names {
        return Ok(local.clone());
    }
    let unknown = |name: &dyn fmt::Display| CompileError::UnknownName {
        role: role.to_owned(),
        name: name.to_string(),
    };
    let labels: BTreeMap<_, _> = names.labels().map(|(id, label)| (label, id)).collect();
    let state = |state| {
        let mut state = local.state(state);
        for LocalExit { action, .. } in state.exits_mut() {
            let peer = local.names().role(action.peer);
            let label = local.names().label(action.label);
            action.peer = names.find_role(peer).ok_or_else(|| unknown(&peer))?;
            action.label = *labels.get(&label).ok_or_else(|| unknown(&label))?;
        }
        Ok(state)
    };
    let states: Vec<LocalState> = local.states().map(state).collect::<Result<_, CompileError>>()?;
    Ok(LocalTypeR::new(names.clone(), states)?)
}

impl Deref for CodeImage {
    type Target = Image;

    fn deref(&self) -> &Image {
        &self.0
    }
}

impl fmt::Display for CodeImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        disasm::image(self, f)
    }
}

impl fmt::Debug for CodeImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CodeImage({:?})", self.0.global_type)
    }
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Image({:?})", self.global_type)
    }
}
