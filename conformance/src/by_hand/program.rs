//! Programs as data, and the images that they make.

use telltale_bytecode::{Assembler, Branch, EffectId, ImportId, Instr, Pc, Via};
use telltale_vm::loader::CodeImage;

use super::parts::{GAME, NAMES, PARTS};

/// An instruction. The branches of a choice have no numbers before the image is made.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// Anything but a choice.
    Plain(Instr),
    /// [`Instr::Offer`]
    Offer(Via, Vec<(Branch, Pc)>),
    /// [`Instr::Choose`]
    Choose(Via, Vec<(Branch, Pc)>),
}

/// A program for each role of a protocol.
#[derive(Clone, Debug)]
pub struct Programs {
    /// The protocol, by its place in [`PARTS`].
    pub part: usize,
    /// The programs, in the order of the roles.
    pub roles: Vec<Vec<Line>>,
}

/// The effect that programs can invoke. The next number is none.
pub const EFFECT: EffectId = EffectId(0);

/// The import of a part. That after the last cannot be opened, because nobody provides it.
pub fn import(part: usize) -> ImportId {
    ImportId(part as u16)
}

/// The import of an image that is there before.
pub fn import_of_image(image: usize) -> ImportId {
    import(PARTS.len() + 1 + image)
}

impl Programs {
    /// The compiled programs of a part.
    pub fn compiled(part: usize) -> Self {
        let image = &PARTS[part];
        let roles = image.programs.iter();
        let roles = roles.map(|(_, code)| code.iter().map(|&instr| line(image, instr)).collect());
        Self { part, roles: roles.collect() }
    }

    /// The image, whose programs can open sessions of parts and of images that are there before it.
    ///
    /// # Panics
    ///
    /// When there is not one program for each role.
    pub fn image(&self, before: &[CodeImage]) -> CodeImage {
        let part = &PARTS[self.part];
        let mut asm = assembler(part);
        for (image, name) in PARTS.iter().zip(NAMES) {
            asm.import(name, image).expect("a few imports");
        }
        asm.import("unknown", &GAME).expect("a few imports");
        for image in before {
            asm.import("earlier", image).expect("a few imports");
        }
        asm.effect("dice").expect("one effect");
        for ((role, _), code) in part.local_types.iter().zip(&self.roles) {
            let code: Vec<Instr> = code.iter().map(|line| instr(&mut asm, line)).collect();
            asm.program(role, code).expect("the role is one of the protocol");
        }
        asm.finish().expect("every role has a program")
    }

    /// Whether control only ever goes forward.
    pub fn go_forward(&self) -> bool {
        let forward =
            |(at, line): (usize, &Line)| targets(line, at).iter().all(|to| to.index() > at);
        self.roles.iter().all(|code| code.iter().enumerate().all(forward))
    }
}

/// An assembler for the protocol of an image.
///
/// # Panics
///
/// Never: the types of an image are projections.
pub fn assembler(image: &CodeImage) -> Assembler {
    let locals = image.local_types.iter().map(|(role, local)| (role.to_owned(), local.clone()));
    Assembler::new(&locals.collect(), &image.global_type).expect("the types of an image")
}

/// A compiled image whose programs have gone through the assembler: the same, but checked while they run.
///
/// # Panics
///
/// When an assembler cannot say what a compiler has said.
pub fn copy_of(image: &CodeImage) -> CodeImage {
    let mut asm = assembler(image);
    for (role, code) in image.programs.iter() {
        let code: Vec<Instr> = code.iter().map(|&it| instr(&mut asm, &line(image, it))).collect();
        asm.program(role, code).expect("the role is one of the protocol");
    }
    asm.finish().expect("every role has a program")
}

/// An instruction of an image, with the branches of a choice written out.
pub fn line(image: &CodeImage, instr: Instr) -> Line {
    let branches = |set, targets| {
        let branches = image.branches(set).iter().enumerate();
        branches.map(|(at, &branch)| (branch, image.target(targets, at))).collect()
    };
    match instr {
        Instr::Offer { via, set, targets } => Line::Offer(via, branches(set, targets)),
        Instr::Choose { via, set, targets } => Line::Choose(via, branches(set, targets)),
        instr => Line::Plain(instr),
    }
}

/// The instruction of a line.
///
/// # Panics
///
/// When the image has too many sets of branches.
pub fn instr(asm: &mut Assembler, line: &Line) -> Instr {
    let mut set = |branches: &[(Branch, Pc)]| {
        asm.branches(branches.iter().copied()).expect("there are few sets of branches")
    };
    match line {
        Line::Plain(instr) => *instr,
        Line::Offer(via, branches) => {
            let (set, targets) = set(branches);
            Instr::Offer { via: *via, set, targets }
        }
        Line::Choose(via, branches) => {
            let (set, targets) = set(branches);
            Instr::Choose { via: *via, set, targets }
        }
    }
}

/// Where control may go from a line.
fn targets(line: &Line, at: usize) -> Vec<Pc> {
    let here = Pc(at as u32);
    match line {
        Line::Plain(
            Instr::Send { next, .. } | Instr::Recv { next, .. } | Instr::Invoke { next, .. },
        ) => vec![next.from(here)],
        Line::Plain(Instr::Jmp { target }) => vec![*target],
        Line::Plain(_) => Vec::new(),
        Line::Offer(_, branches) | Line::Choose(_, branches) => {
            branches.iter().map(|(_, target)| *target).collect()
        }
    }
}
