//! Images and instructions as people read them.

use std::fmt;

use telltale_types::{LabelId, RoleId};

use crate::image::Image;
use crate::{ImmKind, Instr, Pc, SetId, Slot, TargetsId, Via};

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
            writeln!(f, "{at:4}  {}{rest}", Line { image, pc: Some(pc), instr: *instr })?;
        }
    }
    Ok(())
}

/// One instruction of an image, as a line of its disassembly or in a sentence.
struct Line<'a> {
    image: &'a Image,
    /// Where it stands. In a sentence it stands nowhere: there are no columns, and control goes to no place.
    pc: Option<Pc>,
    instr: Instr,
}

impl Image {
    /// One instruction of this image with its names, as it stands in a sentence: without columns, and without the
    /// places that control goes to.
    pub fn show(&self, instr: Instr) -> impl fmt::Display + '_ {
        Line { image: self, pc: None, instr }
    }
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { image, pc, instr } = *self;
        let names = image.names();
        let verb = |verb: &str| match pc {
            Some(_) => format!("{verb:8}"),
            None => format!("{verb} "),
        };
        let role = |role: RoleId| {
            let name = names.roles().nth(role.index()).map(|(_, name)| name.to_owned());
            name.unwrap_or_else(|| format!("role {role}"))
        };
        let name = |label: LabelId| {
            let name = names.labels().nth(label.index()).map(|(_, view)| view.to_string());
            name.unwrap_or_else(|| format!("label {label}"))
        };
        let message = |via: Via, peer: RoleId, mark: char, label: LabelId| {
            // Through an endpoint in a register the names are those of another protocol.
            match via.as_reg() {
                Some(reg) => format!("{reg}.role {peer}{mark}label {label}"),
                None => format!("{}{mark}{}", role(peer), name(label)),
            }
        };
        let (text, next) = match instr {
            Instr::Send { via, to, value, label, next } => {
                let text = message(via, to, '!', label);
                (format!("{}{text}{}", verb("send"), slot(" from ", value)), next)
            }
            Instr::Recv { via, from, value, label, next } => {
                let text = message(via, from, '?', label);
                (format!("{}{text}{}", verb("recv"), slot(" into ", value)), next)
            }
            Instr::Invoke { effect, argument, result, next } => {
                let (argument, result) = (slot(" with ", argument), slot(" into ", result));
                let name = image.effect(effect).unwrap_or("an effect without a name");
                (format!("{}{name}{argument}{result}", verb("invoke")), next)
            }
            Instr::Offer { via, set, targets } => {
                let head = verb("offer") + &through(via);
                return branches(image, f, &head, '?', set, pc.map(|_| targets));
            }
            Instr::Choose { via, set, targets } => {
                let head = verb("choose") + &through(via);
                return branches(image, f, &head, '!', set, pc.map(|_| targets));
            }
            Instr::Open { import, first } => {
                let name = image.import(import).map_or("an unknown import", |(name, _)| name);
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
            Instr::Fork { first, count, targets } => {
                f.write_str(&verb("fork"))?;
                let show = pc.map(|_| targets);
                return lanes(image, f, (first, count), show);
            }
        };
        f.write_str(&text)?;
        match pc.map(|pc| (pc, next.from(pc))) {
            Some((pc, target)) if target.0 != pc.0 + 1 => write!(f, " -> {target}"),
            _ => Ok(()),
        }
    }
}

fn branches(
    image: &Image,
    f: &mut fmt::Formatter<'_>,
    head: &str,
    mark: char,
    set: SetId,
    targets: Option<TargetsId>,
) -> fmt::Result {
    f.write_str(head)?;
    for (nth, branch) in image.find_branches(set).unwrap_or_default().iter().enumerate() {
        let peer = image.names().roles().nth(branch.peer.index()).map_or("?", |(_, name)| name);
        let label = image.names().labels().nth(branch.label.index());
        let label = label.map_or_else(|| "?".to_owned(), |(_, view)| view.to_string());
        let comma = if nth == 0 { "" } else { ", " };
        write!(f, "{comma}{peer}{mark}{label}")?;
        match targets.map(|targets| image.find_target(targets, nth)) {
            Some(Some(target)) => write!(f, " -> {target}")?,
            Some(None) => f.write_str(" -> nowhere")?,
            None => {}
        }
    }
    Ok(())
}

/// `lane 1 -> 4, lane 2 -> 7, then -> 9`
fn lanes(
    image: &Image,
    f: &mut fmt::Formatter<'_>,
    (first, count): (u8, u8),
    targets: Option<TargetsId>,
) -> fmt::Result {
    let leads = |nth: u8| targets.and_then(|targets| image.find_target(targets, nth.into()));
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

fn through(via: Via) -> String {
    via.as_reg().map_or_else(String::new, |reg| format!("{reg}."))
}

fn slot(word: &str, slot: Slot) -> String {
    slot.as_reg().map_or_else(String::new, |reg| format!("{word}{reg}"))
}

fn immediate(kind: ImmKind, bits: u32) -> String {
    match kind {
        ImmKind::Unit => "()".to_owned(),
        ImmKind::Bool => (bits != 0).to_string(),
        ImmKind::Int => bits.cast_signed().to_string(),
        ImmKind::Uint => bits.to_string(),
        ImmKind::Float => f32::from_bits(bits).to_string(),
        ImmKind::Char => char::from_u32(bits).map_or_else(|| "?".to_owned(), |c| format!("{c:?}")),
    }
}
