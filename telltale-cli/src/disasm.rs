//! `telltale disasm`: bytecode.

use std::io::Write;

use telltale_bytecode::CodeImage;
use telltale_syntax::Projected;

use crate::Verdict;
use crate::args::Which;
use crate::choose::{Chosen, choose};
use crate::error::Failure;
use crate::verdict::Sound;

pub(crate) fn run(which: &Which, out: &mut impl Write) -> Result<Verdict, Failure> {
    let mut is_good = true;
    for (at, chosen) in choose(which)?.iter().enumerate() {
        let Some(Sound { projected, .. }) = chosen.sound()? else {
            is_good = false;
            continue;
        };
        if at > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}\n\n{}", chosen.heading(), image(chosen, projected)?)?;
    }
    Ok(Verdict::of(is_good))
}

/// The bytecode of a protocol.
pub(crate) fn image(chosen: &Chosen, projected: &Projected) -> Result<CodeImage, Failure> {
    CodeImage::try_from_local_types(&projected.locals, &projected.global).map_err(|error| {
        Failure::Machine(format!("`{}` cannot be compiled: {error}", chosen.judged.name))
    })
}
