//! Images and instructions as people read them.

use std::fmt;

use telltale_types::{LabelId, LabelView, RoleId};

use crate::image::Image;
use crate::{
    Branch, ContentHash, EffectId, ImmKind, ImportId, Instr, Pc, SetId, Slot, TargetsId, Via,
};

/// What the operands of instructions stand for. Any of it may not be there.
pub(crate) trait Operands {
    fn role(&self, role: RoleId) -> Option<&str>;
    fn label(&self, label: LabelId) -> Option<LabelView<'_>>;
    fn branches(&self, set: SetId) -> Option<&[Branch]>;
    fn target(&self, targets: TargetsId, nth: usize) -> Option<Pc>;
    fn effect(&self, effect: EffectId) -> Option<&str>;
    fn import(&self, import: ImportId) -> Option<(&str, ContentHash)>;
}

impl Operands for Image {
    fn role(&self, role: RoleId) -> Option<&str> {
        (role.index() < self.names().role_count()).then(|| self.names().role(role))
    }

    fn label(&self, label: LabelId) -> Option<LabelView<'_>> {
        (label.index() < self.names().label_count()).then(|| self.names().label(label))
    }

    fn branches(&self, set: SetId) -> Option<&[Branch]> {
        self.find_branches(set)
    }

    fn target(&self, targets: TargetsId, nth: usize) -> Option<Pc> {
        self.find_target(targets, nth)
    }

    fn effect(&self, effect: EffectId) -> Option<&str> {
        Self::effect(self, effect)
    }

    fn import(&self, import: ImportId) -> Option<(&str, ContentHash)> {
        Self::import(self, import)
    }
}

/// ```text
/// Alice:
///    0  send    Seller!Title(String)
///    1  recv    Seller?Quote(u64)      -> 0
/// ```
pub(crate) fn image(image: &Image, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (nth, (role, program)) in image.programs.iter().enumerate() {
        writeln!(f, "{}{role}:", if nth == 0 { "" } else { "\n" })?;
        for (at, instr) in program.iter().enumerate() {
            let pc = Pc::at(at);
            let rest = if image.may_rest(RoleId::at(nth), pc) { "  (may rest)" } else { "" };
            let line = Line { operands: image, pc: Some(pc), instr: *instr, in_columns: true };
            writeln!(f, "{at:4}  {line}{rest}")?;
        }
    }
    Ok(())
}

/// One instruction, as a line of a disassembly or in a sentence.
pub(crate) struct Line<'a, O> {
    pub(crate) operands: &'a O,
    /// Where it stands. In a sentence it stands nowhere: control goes to no place.
    pub(crate) pc: Option<Pc>,
    pub(crate) instr: Instr,
    pub(crate) in_columns: bool,
}

impl Image {
    /// One instruction of this image with its names, as it stands in a sentence: without columns, and without the
    /// places that control goes to.
    pub fn show(&self, instr: Instr) -> impl fmt::Display + '_ {
        Line { operands: self, pc: None, instr, in_columns: false }
    }
}

impl<O: Operands> Line<'_, O> {
    fn verb(&self, verb: &str) -> String {
        if self.in_columns { format!("{verb:8}") } else { format!("{verb} ") }
    }

    /// `Seller!Title(String)`
    fn message(&self, via: Via, peer: RoleId, mark: char, label: LabelId) -> String {
        // Through an endpoint in a register the names are those of another protocol.
        let is_own = via.as_reg().is_none();
        let peer = match self.operands.role(peer).filter(|_| is_own) {
            Some(name) => name.to_owned(),
            None => format!("role {peer}"),
        };
        match self.operands.label(label).filter(|_| is_own) {
            Some(label) => format!("{peer}{mark}{label}"),
            None => format!("{peer}{mark}label {label}"),
        }
    }

    fn branches(
        &self,
        f: &mut fmt::Formatter<'_>,
        (verb, mark): (&str, char),
        via: Via,
        set: SetId,
        targets: TargetsId,
    ) -> fmt::Result {
        write!(f, "{}{}", self.verb(verb), through(via))?;
        for (nth, branch) in self.operands.branches(set).unwrap_or_default().iter().enumerate() {
            let comma = if nth == 0 { "" } else { ", " };
            write!(f, "{comma}{}", self.message(via, branch.peer, mark, branch.label))?;
            match self.pc.map(|_| self.operands.target(targets, nth)) {
                Some(Some(target)) => write!(f, " -> {target}")?,
                Some(None) => f.write_str(" -> nowhere")?,
                None => {}
            }
        }
        Ok(())
    }

    /// `lane 1 -> 4, lane 2 -> 7, then -> 9`
    fn lanes(
        &self,
        f: &mut fmt::Formatter<'_>,
        (first, count): (u8, u8),
        targets: TargetsId,
    ) -> fmt::Result {
        f.write_str(&self.verb("fork"))?;
        let leads = |nth: u8| self.pc.and_then(|_| self.operands.target(targets, nth.into()));
        for nth in 0..count {
            let comma = if nth == 0 { "" } else { ", " };
            write!(f, "{comma}lane {}", u16::from(first) + u16::from(nth))?;
            if let Some(target) = leads(nth) {
                write!(f, " -> {target}")?;
            }
        }
        match leads(count) {
            Some(next) => write!(f, ", then -> {next}"),
            None => Ok(()),
        }
    }
}

impl<O: Operands> fmt::Display for Line<'_, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = |verb: &str| self.verb(verb);
        let (text, next) = match self.instr {
            Instr::Send { via, to, value, label, next } => {
                let text = self.message(via, to, '!', label);
                let text =
                    format!("{}{}{text}{}", verb("send"), through(via), slot(" from ", value));
                (text, next)
            }
            Instr::Recv { via, from, value, label, next } => {
                let text = self.message(via, from, '?', label);
                let text =
                    format!("{}{}{text}{}", verb("recv"), through(via), slot(" into ", value));
                (text, next)
            }
            Instr::Invoke { effect, argument, result, next } => {
                let (argument, result) = (slot(" with ", argument), slot(" into ", result));
                let name = self.operands.effect(effect).unwrap_or("an effect without a name");
                (format!("{}{name}{argument}{result}", verb("invoke")), next)
            }
            Instr::Offer { via, set, targets } => {
                return self.branches(f, ("offer", '?'), via, set, targets);
            }
            Instr::Choose { via, set, targets } => {
                return self.branches(f, ("choose", '!'), via, set, targets);
            }
            Instr::Open { import, first } => {
                let name =
                    self.operands.import(import).map_or("an unknown import", |(name, _)| name);
                return write!(f, "{}{name} into {first}..", verb("open"));
            }
            Instr::Close { endpoint } => return write!(f, "{}{endpoint}", verb("close")),
            Instr::LoadImm { into, kind, bits } => {
                return write!(f, "{}{into}, {}", verb("loadimm"), immediate(kind, bits));
            }
            Instr::Mov { from, to } => return write!(f, "{}{from} to {to}", verb("mov")),
            Instr::Jmp { target } => return write!(f, "{}{target}", verb("jmp")),
            Instr::Yield => return f.write_str("yield"),
            Instr::Halt => return f.write_str("halt"),
            Instr::Join => return f.write_str("join"),
            Instr::Fork { first, count, targets } => return self.lanes(f, (first, count), targets),
        };
        f.write_str(&text)?;
        match self.pc.map(|pc| (pc, next.from(pc))) {
            Some((pc, target)) if target.0 != pc.0 + 1 => write!(f, " -> {target}"),
            _ => Ok(()),
        }
    }
}

fn through(via: Via) -> String {
    via.as_reg().map_or_else(String::new, |reg| format!("{reg}."))
}

fn slot(word: &str, slot: Slot) -> String {
    slot.as_reg().map_or_else(String::new, |reg| format!("{word}{reg}"))
}

/// A scalar. No two look alike: a signed number has a sign, a float has a point, and what is no value of its kind, or not
/// the usual one, is shown by its bits.
pub(crate) fn immediate(kind: ImmKind, bits: u32) -> String {
    let usual = match kind {
        ImmKind::Unit => "()".to_owned(),
        ImmKind::Bool => (bits != 0).to_string(),
        ImmKind::Int => format!("{:+}", bits.cast_signed()),
        ImmKind::Uint => bits.to_string(),
        ImmKind::Float => format!("{:?}", f32::from_bits(bits)),
        ImmKind::Char => char::from_u32(bits).map(|c| format!("{c:?}")).unwrap_or_default(),
    };
    let is_usual = match kind {
        ImmKind::Unit => bits == 0,
        ImmKind::Bool => bits <= 1,
        ImmKind::Int | ImmKind::Uint => true,
        ImmKind::Float => !f32::from_bits(bits).is_nan(),
        ImmKind::Char => !usual.is_empty(),
    };
    if is_usual { usual } else { format!("{} bits {bits}", kind.name()) }
}
