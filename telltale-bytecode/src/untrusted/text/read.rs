//! From lines to tables.

use std::collections::{HashMap, HashSet};
use std::fmt;

use telltale_types::{
    Action, Direction, GlobalExit, GlobalState, LabelId, LocalExit, LocalState, Par, RoleId,
    StateId, foreign::clipped,
};
use thiserror::Error;

use super::{ImageText, RoleText};
use crate::compile::Tables;
use crate::operand::number;
use crate::untrusted::{Role, UntrustedImage};
use crate::{
    Branch, EffectId, Hop, ImmKind, ImportId, Instr, Pc, Reg, SetId, Slot, TargetsId, Via,
};

/// A line of an image that cannot be read.
#[derive(Debug, Error)]
#[error("{place}: expected {expected}, found `{found}`")]
pub(in crate::untrusted) struct TextError {
    place: String,
    expected: &'static str,
    found: String,
}

/// What a line should have been.
type Expected = &'static str;

impl ImageText {
    /// The tables. Whether they make sense is left to validating.
    pub(in crate::untrusted) fn read(self) -> Result<UntrustedImage, TextError> {
        let mut reader = Reader::of(&self);
        let global_type = self.global_type.iter().enumerate().map(|(at, line)| {
            let state = global_state(&reader, line);
            state.map_err(|expected| {
                error(&format_args!("state {at} of the global type"), expected, line)
            })
        });
        let global_type = global_type.collect::<Result<_, _>>()?;
        let roles = self.roles.into_iter().map(|role| read_role(&mut reader, role));
        let roles = roles.collect::<Result<_, _>>()?;
        let Reader { tables, effects, .. } = reader;
        Ok(UntrustedImage {
            hash: self.hash,
            payload_version: self.payload_version.unwrap_or(0),
            labels: self.labels,
            global_type,
            roles,
            sets: tables.sets_in_order(),
            targets: tables.targets,
            effects,
            imports: self.imports.into_iter().map(|import| (import.name, import.hash)).collect(),
        })
    }
}

fn read_role(reader: &mut Reader, role: RoleText) -> Result<Role, TextError> {
    let RoleText { name, local_type, program } = role;
    let local_type = local_type.iter().enumerate().map(|(at, line)| {
        local_state(reader, line).map_err(|expected| {
            let name = clipped(&name, SHOWN);
            error(&format_args!("`{name}`, state {at} of the local type"), expected, line)
        })
    });
    let local_type = local_type.collect::<Result<_, _>>()?;
    let program = program.iter().enumerate().map(|(at, line)| {
        let instr = instr(reader, Pc(number(at)), line);
        let instr = instr.map_err(|expected| {
            let name = clipped(&name, SHOWN);
            error(&format_args!("`{name}`, instruction {at}"), expected, line)
        });
        Ok(instr?.to_word())
    });
    let program = program.collect::<Result<_, _>>()?;
    Ok(Role { name, local_type, program })
}

/// How much of a line, or of a name, is shown when it cannot be read.
const SHOWN: usize = 100;

fn error(place: &dyn fmt::Display, expected: Expected, line: &str) -> TextError {
    TextError { place: place.to_string(), expected, found: clipped(line, SHOWN) }
}

/// What names stand for, and the tables that are filled while lines are read.
struct Reader {
    roles: Known<RoleId>,
    labels: Known<LabelId>,
    imports: HashMap<String, ImportId>,
    effect_ids: HashMap<String, EffectId>,
    effects: Vec<String>,
    tables: Tables,
}

impl Reader {
    /// Where a name is there twice, the first one has it. (Validating refuses that.) Names that cannot have a number are left out.
    fn of(image: &ImageText) -> Self {
        let roles = image.roles.iter().map(|role| role.name.clone());
        let labels = image.labels.iter().map(ToString::to_string);
        let imports = image.imports.iter().map(|import| import.name.clone());
        Self {
            roles: Known::of(ids(roles.zip((0..u8::MAX).map(RoleId)))),
            labels: Known::of(ids(labels.zip((0..u16::MAX).map(LabelId)))),
            imports: ids(imports.zip((0..u16::MAX).map(ImportId))),
            effect_ids: HashMap::new(),
            effects: Vec::new(),
            tables: Tables::default(),
        }
    }

    fn effect(&mut self, name: &str) -> Result<EffectId, Expected> {
        if let Some(&known) = self.effect_ids.get(name) {
            return Ok(known);
        }
        let next = u16::try_from(self.effects.len()).map_err(|_| "fewer different effects")?;
        self.effects.push(name.to_owned());
        self.effect_ids.insert(name.to_owned(), EffectId(next));
        Ok(EffectId(next))
    }

    fn targets(&mut self, targets: impl IntoIterator<Item = u32>) -> TargetsId {
        let first = TargetsId(number(self.tables.targets.len()));
        self.tables.targets.extend(targets);
        first
    }
}

fn ids<I>(named: impl Iterator<Item = (String, I)>) -> HashMap<String, I> {
    let mut ids = HashMap::new();
    for (name, id) in named {
        ids.entry(name).or_insert(id);
    }
    ids
}

/// Names, and how long they are: where one may end, only what is as long as some name is compared with all.
struct Known<I> {
    ids: HashMap<String, I>,
    lengths: HashSet<usize>,
}

impl<I: Copy> Known<I> {
    fn of(ids: HashMap<String, I>) -> Self {
        Self { lengths: ids.keys().map(String::len).collect(), ids }
    }

    fn find(&self, name: &str) -> Option<I> {
        self.ids.get(name).copied()
    }

    /// The shortest beginning of a text that is a name and ends at one of these places.
    fn beginning<E>(
        &self,
        text: &str,
        mut ends: impl Iterator<Item = (usize, E)>,
    ) -> Option<(usize, E, I)> {
        let find = |at: usize| self.find(&text[..at]);
        let may_end = |at: &usize| self.lengths.contains(at);
        ends.find_map(|(at, end)| Some((at, end, Some(at).filter(may_end).and_then(find)?)))
    }
}

/// What is left of a line.
#[derive(Clone, Copy)]
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn eat(&mut self, text: &str) -> bool {
        let rest = self.0.strip_prefix(text);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// `par` in front of arms, which a role of that name is not.
    fn begins_par(&mut self) -> bool {
        let behind = self.0.strip_prefix("par -> ").map(|arms| arms.starts_with(is_digit));
        let is_par = behind.unwrap_or(self.0.starts_with("par then ->"));
        is_par && self.eat("par")
    }

    fn number<N: std::str::FromStr>(&mut self) -> Option<N> {
        let digits = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.0.split_at(digits);
        self.0 = rest;
        number.parse().ok()
    }

    /// A name that is known, and what ends it. (In a payload type there may be arrows.)
    fn name<I: Copy>(&mut self, names: &Known<I>, end: &str) -> Option<I> {
        let (at, end, id) = names.beginning(self.0, self.0.match_indices(end))?;
        self.0 = &self.0[at + end.len()..];
        Some(id)
    }

    /// A role that is known, and the mark behind it that says whether something is sent to it or comes from it.
    fn peer(&mut self, reader: &Reader) -> Option<(Direction, RoleId)> {
        let (at, mark, role) = reader.roles.beginning(self.0, self.0.match_indices(['!', '?']))?;
        let direction = if mark == "!" { Direction::Send } else { Direction::Receive };
        self.0 = &self.0[at + mark.len()..];
        Some((direction, role))
    }

    /// `-> 7`, whose arrow has been read.
    fn state(&mut self) -> Result<StateId, Expected> {
        self.number().map(StateId).ok_or("a number behind the arrow")
    }

    fn is_over(self) -> bool {
        self.0.is_empty()
    }

    /// What is left without ` WORD rN` at its end, and that register.
    fn slot(&mut self, word: &str) -> Slot {
        let Some((before, reg)) = self.0.rsplit_once(word) else { return Slot::HANDLER };
        let Some(reg) = register(reg) else { return Slot::HANDLER };
        self.0 = before;
        Slot::reg(reg)
    }

    /// What is left without ` -> N` at its end, and the hop to there.
    fn hop(&mut self, pc: Pc) -> Result<Hop, Expected> {
        let Some((before, target)) = self.0.rsplit_once(" -> ") else { return Ok(Hop::NEXT) };
        let Ok(target) = target.parse() else { return Ok(Hop::NEXT) };
        self.0 = before;
        Hop::between(pc, Pc(target))
            .ok_or("a place that is not so far away; a `jmp` can lead there")
    }

    fn all(self) -> &'a str {
        self.0
    }
}

fn is_digit(character: char) -> bool {
    character.is_ascii_digit()
}

/// `r7`. The last number means that there is none.
fn register(text: &str) -> Option<Reg> {
    let number: u8 = text.strip_prefix('r')?.parse().ok()?;
    (usize::from(number) < Reg::LIMIT).then_some(Reg(number))
}

const COMMA: Expected = "a comma and a space between what can happen";

fn global_state(reader: &Reader, line: &str) -> Result<GlobalState, Expected> {
    match line {
        "end" => return Ok(GlobalState::Exits(Vec::new())),
        "arm end" => return Ok(GlobalState::ArmEnd),
        _ => {}
    }
    let mut rest = Rest(line);
    if rest.begins_par() {
        return par(rest).map(GlobalState::Par);
    }
    let mut exits = Vec::new();
    loop {
        let sender = rest.name(&reader.roles, " -> ").ok_or(SENDER)?;
        let receiver = rest.name(&reader.roles, ": ").ok_or(RECEIVER)?;
        let label = rest.name(&reader.labels, " -> ").ok_or(LABEL)?;
        exits.push(GlobalExit { sender, receiver, label, target: rest.state()? });
        if rest.is_over() {
            return Ok(GlobalState::Exits(exits));
        } else if !rest.eat(", ") {
            return Err(COMMA);
        }
    }
}

const SENDER: Expected = "`end`, `arm end`, `par` or a known role, ` -> ` and so on";
const RECEIVER: Expected = "a known role and `: ` behind the first arrow";
const LABEL: Expected = "a known label with its payload type, and an arrow behind it";
const LOAD: Expected = "a register from r0 to r254, a comma, a space and a scalar: `()`, `true`, a character in quotes, \
    a number with a point, or an integer from -2147483648 to 4294967295";
const MESSAGE: Expected = "a known role, `!` or `?`, and a known label with its payload type";

fn local_state(reader: &Reader, line: &str) -> Result<LocalState, Expected> {
    match line {
        "end" => return Ok(LocalState::END),
        "arm end" => return Ok(LocalState::ArmEnd),
        _ => {}
    }
    let mut rest = Rest(line);
    if rest.begins_par() {
        return par(rest).map(LocalState::Par);
    }
    let may_end = rest.eat("end or ");
    let mut exits = Vec::new();
    loop {
        let (direction, peer) = rest.peer(reader).ok_or(MESSAGE)?;
        let label = rest.name(&reader.labels, " -> ").ok_or(LABEL)?;
        let action = Action { direction, peer, label };
        exits.push(LocalExit { action, target: rest.state()? });
        if rest.is_over() {
            return Ok(LocalState::Exits { exits, may_end });
        } else if !rest.eat(", ") {
            return Err(COMMA);
        }
    }
}

/// ` -> 1, -> 4, then -> 7`
fn par(mut rest: Rest<'_>) -> Result<Par, Expected> {
    let mut arms = Vec::new();
    while rest.eat(" -> ") {
        arms.push(rest.state()?);
        if !rest.eat(",") {
            return Err("a comma behind each arm");
        }
    }
    if !rest.eat(" then -> ") {
        return Err("`then -> ` and what follows the arms");
    }
    let next = rest.state()?;
    if rest.is_over() { Ok(Par { arms, next }) } else { Err("nothing more") }
}

fn instr(reader: &mut Reader, pc: Pc, line: &str) -> Result<Instr, Expected> {
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    let rest = Rest(rest.trim_start_matches(' '));
    match verb {
        "send" => {
            let (via, to, label, value, next) = message(reader, rest, pc, '!')?;
            Ok(Instr::Send { via, to, value, label, next })
        }
        "recv" => {
            let (via, from, label, value, next) = message(reader, rest, pc, '?')?;
            Ok(Instr::Recv { via, from, value, label, next })
        }
        "offer" => {
            let (via, set, targets) = choice(reader, rest, '?')?;
            Ok(Instr::Offer { via, set, targets })
        }
        "choose" => {
            let (via, set, targets) = choice(reader, rest, '!')?;
            Ok(Instr::Choose { via, set, targets })
        }
        "invoke" => invoke(reader, rest, pc),
        "open" => open(reader, rest),
        "close" => {
            let endpoint = register(rest.all()).ok_or("a register")?;
            Ok(Instr::Close { endpoint })
        }
        "loadimm" => load(rest).ok_or(LOAD),
        "mov" => {
            let regs = rest.all().split_once(" to ");
            let regs = regs.and_then(|(from, to)| Some((register(from)?, register(to)?)));
            let (from, to) = regs.ok_or("two registers, with ` to ` between them")?;
            Ok(Instr::Mov { from, to })
        }
        "jmp" => {
            let target = rest.all().parse().map_err(|_| "the number of an instruction")?;
            Ok(Instr::Jmp { target: Pc(target) })
        }
        "fork" => fork(reader, rest),
        "yield" if rest.is_over() => Ok(Instr::Yield),
        "halt" if rest.is_over() => Ok(Instr::Halt),
        "join" if rest.is_over() => Ok(Instr::Join),
        _ => Err("an instruction as it stands in a disassembly"),
    }
}

/// `Seller!Title(String) from r1 -> 4`, `r0.role 1!label 0`
fn message(
    reader: &Reader,
    mut rest: Rest<'_>,
    pc: Pc,
    mark: char,
) -> Result<(Via, RoleId, LabelId, Slot, Hop), Expected> {
    let next = rest.hop(pc)?;
    let value = rest.slot(if mark == '!' { " from " } else { " into " });
    let via = via(&mut rest);
    if via != Via::OWN {
        let branch = elsewhere(&mut rest, mark).filter(|_| rest.is_over());
        let branch = branch.ok_or("a role and a label by their numbers")?;
        return Ok((via, branch.peer, branch.label, value, next));
    }
    let peer = rest.name(&reader.roles, mark.encode_utf8(&mut [0; 4])).ok_or(MESSAGE)?;
    let label = reader.labels.find(rest.all()).ok_or(MESSAGE)?;
    Ok((via, peer, label, value, next))
}

/// `r0.`, if there is a role by its number behind it.
fn via(rest: &mut Rest<'_>) -> Via {
    let through = rest.all().split_once('.');
    let found = through.and_then(|(reg, behind)| Some((register(reg)?, behind)));
    match found {
        Some((reg, behind)) if behind.starts_with("role ") => {
            *rest = Rest(behind);
            Via::reg(reg)
        }
        _ => Via::OWN,
    }
}

/// `role 1!label 0`
fn elsewhere(rest: &mut Rest<'_>, mark: char) -> Option<Branch> {
    let peer = rest.eat("role ").then(|| rest.number())?.map(RoleId)?;
    let label =
        (rest.eat(mark.encode_utf8(&mut [0; 4])) && rest.eat("label ")).then(|| rest.number())?;
    Some(Branch { peer, label: LabelId(label?) })
}

/// `Seller!Accept -> 1, Alice!Ask -> 4`
fn choice(
    reader: &mut Reader,
    mut rest: Rest<'_>,
    mark: char,
) -> Result<(Via, SetId, TargetsId), Expected> {
    let via = via(&mut rest);
    let mut branches = Vec::new();
    loop {
        let branch = if via == Via::OWN {
            let peer = rest.name(&reader.roles, mark.encode_utf8(&mut [0; 4])).ok_or(MESSAGE)?;
            let label = rest.name(&reader.labels, " -> ").ok_or(LABEL)?;
            Branch { peer, label }
        } else {
            let branch = elsewhere(&mut rest, mark).ok_or("a role and a label by their numbers")?;
            rest.eat(" -> ").then_some(branch).ok_or("an arrow")?
        };
        branches.push((branch, rest.state()?.0));
        if rest.is_over() {
            break;
        } else if !rest.eat(", ") {
            return Err(COMMA);
        }
    }
    branches.sort_unstable_by_key(|(branch, _)| (branch.label, branch.peer));
    let set = reader.tables.set(branches.iter().map(|(branch, _)| *branch).collect());
    let set = set.map_err(|_| "fewer different choices")?;
    Ok((via, set, reader.targets(branches.into_iter().map(|(_, target)| target))))
}

/// `clock with r0 into r1 -> 3`
fn invoke(reader: &mut Reader, mut rest: Rest<'_>, pc: Pc) -> Result<Instr, Expected> {
    let next = rest.hop(pc)?;
    let result = rest.slot(" into ");
    let argument = rest.slot(" with ");
    Ok(Instr::Invoke { effect: reader.effect(rest.all())?, argument, result, next })
}

/// `Auction into r0..`
fn open(reader: &Reader, rest: Rest<'_>) -> Result<Instr, Expected> {
    let parts = rest.all().strip_suffix("..").and_then(|rest| rest.rsplit_once(" into "));
    let found =
        parts.and_then(|(name, first)| Some((*reader.imports.get(name)?, register(first)?)));
    let (import, first) = found.ok_or("an import, ` into `, a register and `..`")?;
    Ok(Instr::Open { import, first })
}

/// `lane 1 -> 4, lane 2 -> 7, then -> 9`
fn fork(reader: &mut Reader, mut rest: Rest<'_>) -> Result<Instr, Expected> {
    let (mut first, mut targets) = (None, Vec::new());
    while rest.eat("lane ") {
        let lane = rest.number().ok_or("the number of a lane")?;
        let nth = usize::from(lane).checked_sub(usize::from(*first.get_or_insert(lane)));
        if nth != Some(targets.len()) || !rest.eat(" -> ") {
            return Err("lanes one after the other, with an arrow behind each");
        }
        targets.push(rest.state()?.0);
        if !rest.eat(", ") {
            return Err("a comma and a space behind each lane");
        }
    }
    if !rest.eat("then -> ") {
        return Err("`then -> ` and what follows the lanes");
    }
    targets.push(rest.state()?.0);
    let count = u8::try_from(targets.len() - 1).map_err(|_| "fewer lanes")?;
    let targets = reader.targets(targets);
    if !rest.is_over() {
        return Err("nothing more");
    }
    Ok(Instr::Fork { first: first.unwrap_or(0), count, targets })
}

/// `r0, 7`
fn load(rest: Rest<'_>) -> Option<Instr> {
    let (reg, scalar) = rest.all().split_once(", ")?;
    let into = register(reg)?;
    let (kind, bits) = scalar_of(scalar)?;
    Some(Instr::LoadImm { into, kind, bits })
}

/// A scalar as `immediate` shows it.
fn scalar_of(text: &str) -> Option<(ImmKind, u32)> {
    if let Some((name, bits)) = text.split_once(" bits ") {
        let kind = ImmKind::ALL.into_iter().find(|kind| kind.name() == name)?;
        return Some((kind, bits.parse().ok()?));
    }
    Some(match text {
        "()" => (ImmKind::Unit, 0),
        "false" => (ImmKind::Bool, 0),
        "true" => (ImmKind::Bool, 1),
        _ if text.starts_with('\'') => (ImmKind::Char, char_of(text)?.into()),
        _ if text.bytes().all(|byte| byte.is_ascii_digit()) => (ImmKind::Uint, text.parse().ok()?),
        _ => match text.strip_prefix('+').unwrap_or(text).parse::<i32>() {
            Ok(int) => (ImmKind::Int, int.cast_unsigned()),
            // An integer that is too large is no float.
            Err(_) if !text.contains(['.', 'e', 'i']) => return None,
            Err(_) => (ImmKind::Float, text.parse::<f32>().ok()?.to_bits()),
        },
    })
}

/// A character in quotes, with the escapes that Rust shows.
fn char_of(text: &str) -> Option<char> {
    let inside = text.strip_prefix('\'')?.strip_suffix('\'')?;
    let single = |text: &str| {
        let mut chars = text.chars();
        chars.next().filter(|_| chars.next().is_none())
    };
    match inside.strip_prefix('\\') {
        None => single(inside),
        Some("n") => Some('\n'),
        Some("r") => Some('\r'),
        Some("t") => Some('\t'),
        Some("0") => Some('\0'),
        Some(escape) => match escape.strip_prefix("u{").and_then(|hex| hex.strip_suffix('}')) {
            Some(hex) => char::from_u32(u32::from_str_radix(hex, 16).ok()?),
            None => single(escape),
        },
    }
}
