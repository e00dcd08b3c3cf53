//! From tables to lines.

use std::fmt::Write as _;

use telltale_types::{
    GlobalExit, GlobalState, LabelId, LocalExit, LocalState, Par, RoleId, StateId,
};

use super::{ImageText, ImportText, RoleText};
use crate::disasm::{Line, Operands as _};
use crate::operand::number;
use crate::untrusted::serial::Format;
use crate::untrusted::{Role, UntrustedImage};
use crate::{Instr, Pc};

impl ImageText {
    pub(in crate::untrusted) fn of(image: &UntrustedImage) -> Self {
        let import = |(name, hash): &(String, _)| ImportText { name: name.clone(), hash: *hash };
        Self {
            format: Format,
            global_type: image.global_type.iter().map(|state| global_state(image, state)).collect(),
            hash: image.hash,
            imports: image.imports.iter().map(import).collect(),
            labels: image.labels.clone(),
            payload_version: Some(image.payload_version).filter(|&version| version != 0),
            roles: image.roles.iter().map(|role| role_text(image, role)).collect(),
        }
    }
}

fn role_text(image: &UntrustedImage, role: &Role) -> RoleText {
    let line = |(at, &word)| match Instr::from_word(word) {
        Some(instr) => {
            let pc = Some(Pc(number(at)));
            Line { operands: image, pc, instr, in_columns: false }.to_string()
        }
        None => format!("word {word}"),
    };
    RoleText {
        name: role.name.clone(),
        local_type: role.local_type.iter().map(|state| local_state(image, state)).collect(),
        program: role.program.iter().enumerate().map(line).collect(),
    }
}

fn global_state(image: &UntrustedImage, state: &GlobalState) -> String {
    let exit = |exit: &GlobalExit| {
        let (sender, receiver) = (name(image, exit.sender), name(image, exit.receiver));
        format!("{sender} -> {receiver}: {} -> {}", label(image, exit.label), exit.target)
    };
    match state {
        GlobalState::Exits(exits) if exits.is_empty() => "end".to_owned(),
        GlobalState::Exits(exits) => exits.iter().map(exit).collect::<Vec<_>>().join(", "),
        GlobalState::Par(part) => par(part),
        GlobalState::ArmEnd => "arm end".to_owned(),
    }
}

fn local_state(image: &UntrustedImage, state: &LocalState) -> String {
    let exit = |LocalExit { action, target }: &LocalExit| {
        let mark = action.direction.mark();
        let peer = name(image, action.peer);
        format!("{peer}{mark}{} -> {target}", label(image, action.label))
    };
    match state {
        LocalState::Exits { exits, .. } if exits.is_empty() => "end".to_owned(),
        LocalState::Exits { exits, may_end } => {
            let exits = exits.iter().map(exit).collect::<Vec<_>>().join(", ");
            if *may_end { format!("end or {exits}") } else { exits }
        }
        LocalState::Par(part) => par(part),
        LocalState::ArmEnd => "arm end".to_owned(),
    }
}

fn par(Par { arms, next }: &Par) -> String {
    let mut line = "par".to_owned();
    let arm = |arm: &StateId| format!(" -> {arm},");
    line.extend(arms.iter().map(arm));
    let _ = write!(line, " then -> {next}");
    line
}

fn name(image: &UntrustedImage, role: RoleId) -> String {
    image.role(role).map_or_else(|| format!("role {role}"), str::to_owned)
}

fn label(image: &UntrustedImage, label: LabelId) -> String {
    image.label(label).map_or_else(|| format!("label {label}"), |label| label.to_string())
}
