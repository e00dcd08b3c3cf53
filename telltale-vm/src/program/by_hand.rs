//! The one way from the machine to what only programs written by hand need.
//!
//! It is a pointer that is set where such programs can come in ([`VM::load_choreography`](crate::VM::load_choreography),
//! [`VM::provide`](crate::VM::provide), `SessionHost::open_session`), and not a call: so the linker leaves all of it
//! out of programs that only play what `choreography!` has compiled.

use std::fmt;

use telltale_bytecode::{Image, Instr, verify};

use crate::exec::{Slice, Step};
use crate::lines::{Lines, label_of, role_of};
use crate::program::op::Op;

/// Verifies, guards, executes and shows what compilers do not write.
pub(crate) trait ByHand: fmt::Debug + Send + Sync {
    /// See [`verify::rests`].
    fn verify(&self, image: &Image) -> Option<Box<[bool]>>;

    /// An instruction with a guard.
    fn guarded(&self, slice: &mut Slice<'_, '_>, op: &Op) -> Step;

    /// An instruction on registers; control goes to `next`.
    fn register_op(&self, slice: &mut Slice<'_, '_>, next: u32) -> Step;

    /// Any instruction, as it stands in a sentence.
    fn show(&self, image: &Image, instr: Instr) -> String;
}

/// All of it.
pub(crate) const FULL: &dyn ByHand = &Full;

#[derive(Debug)]
struct Full;

impl ByHand for Full {
    fn verify(&self, image: &Image) -> Option<Box<[bool]>> {
        verify::rests(image)
    }

    fn guarded(&self, slice: &mut Slice<'_, '_>, op: &Op) -> Step {
        slice.guarded(op)
    }

    fn register_op(&self, slice: &mut Slice<'_, '_>, next: u32) -> Step {
        slice.register_op(next)
    }

    fn show(&self, image: &Image, instr: Instr) -> String {
        format!("{}", image.show(instr))
    }
}

/// An instruction of a compiled program as [`Image::show`] gives it, which can show all others as well.
pub(crate) fn show_compiled(image: &Image, instr: Instr) -> String {
    let names = image.names();
    let set = match instr {
        Instr::Send { to, label, .. } => {
            return format!("send {}!{}", role_of(names, to), label_of(names, label));
        }
        Instr::Recv { from, label, .. } => {
            return format!("recv {}?{}", role_of(names, from), label_of(names, label));
        }
        Instr::Offer { set, .. } | Instr::Choose { set, .. } => set,
        Instr::Jmp { target } => return format!("jmp {target}"),
        Instr::Join => return "join".to_owned(),
        Instr::Fork { first, count, .. } => {
            let mut lanes = Lines::joined_by(", ");
            for lane in (u16::from(first)..).take(count.into()) {
                lanes.add(format_args!("lane {lane}"));
            }
            return format!("fork {}", lanes.all);
        }
        _ => return "halt".to_owned(),
    };
    let mark = if matches!(instr, Instr::Choose { .. }) { '!' } else { '?' };
    let mut shown = Lines::joined_by(", ");
    for branch in image.find_branches(set).unwrap_or_default() {
        let (peer, label) = (role_of(names, branch.peer), label_of(names, branch.label));
        shown.add(format_args!("{peer}{mark}{label}"));
    }
    format!("{} {}", if mark == '!' { "choose" } else { "offer" }, shown.all)
}

#[cfg(test)]
mod tests {
    use telltale_theory::oracle::{Shape, generate, generate_parallel};

    use super::*;
    use crate::testing;

    #[test]
    fn compiled_instructions_are_shown_as_any_others() {
        let mut shown = 0;
        let protocols = (0..2_000).map(|seed| generate(seed, Shape::default()));
        let parallel = (0..200).map(|seed| generate_parallel(seed, Shape::default()));
        for image in protocols.chain(parallel).filter_map(|global| testing::image(&global)) {
            for &instr in image.programs.code() {
                assert_eq!(show_compiled(&image, instr), image.show(instr).to_string());
                shown += 1;
            }
        }
        assert!(shown > 2_000, "only {shown}");
    }
}
