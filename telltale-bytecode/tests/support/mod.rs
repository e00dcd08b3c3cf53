//! Protocols and images for the tests.
#![allow(dead_code, reason = "every test file uses its own part of this")]

use telltale_bytecode::{Assembler, CodeImage, Instr};
use telltale_theory::oracle::{self, Shape, generate, generate_parallel};
use telltale_theory::{Options, project_all_with};
use telltale_types::{GlobalType, Label, LocalTypeR, Names};

/// The local types of a protocol, if it projects. A role may end without being told.
fn locals(global: &GlobalType) -> Option<std::collections::BTreeMap<String, LocalTypeR>> {
    let options = Options { allow_silent_end: true, find_remedies: false, ..Options::default() };
    Some(project_all_with(global, &options).ok()?.into_iter().collect())
}

/// The image of a protocol, if it projects.
pub(crate) fn compiled(global: &GlobalType) -> Option<CodeImage> {
    Some(CodeImage::from_local_types(&locals(global)?, global))
}

/// The protocol of a text in the notation of the papers, with payload types for some of its labels.
pub(crate) fn protocol(text: &str, payload: impl Fn(&str) -> &'static str) -> GlobalType {
    let global = oracle::protocol(text);
    let names = global.names();
    let labels = names.labels();
    let labels = labels.map(|(_, label)| Label::with(label.name.to_owned(), payload(label.name)));
    let names = Names::new(names.roles().map(|(_, role)| role), labels).expect("distinct names");
    let states = global.states().map(|state| global.state(state)).collect();
    GlobalType::new(names, states).expect("it was a protocol before")
}

/// An image whose programs are written by hand.
pub(crate) fn by_hand(
    global: &GlobalType,
    programs: impl FnOnce(&mut Assembler) -> Vec<(&'static str, Vec<Instr>)>,
) -> CodeImage {
    let locals = locals(global).expect("the protocol projects");
    let mut asm = Assembler::new(&locals, global).expect("its projections");
    for (role, code) in programs(&mut asm) {
        asm.program(role, code).expect("a role");
    }
    asm.finish().expect("every role has a program")
}

/// The images of random protocols that project, plain ones and parallel ones.
pub(crate) fn random(seeds: u64) -> impl Iterator<Item = (u64, CodeImage)> {
    let of = |seed: u64| {
        let shape = Shape::default();
        let plain = compiled(&generate(seed, shape));
        let parallel = compiled(&generate_parallel(seed, shape));
        plain.into_iter().chain(parallel).map(move |image| (seed, image))
    };
    (0..seeds).flat_map(of)
}
