//! `telltale simulate`: many runs, with choices that a seed decides.

mod choices;
mod roles;

use std::io::Write;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use telltale_bytecode::CodeImage;
use telltale_vm::simulation::ObsEvent;
use telltale_vm::{Progress, Recording, VM, VMConfig};

use crate::Verdict;
use crate::args::Which;
use crate::choose::{Chosen, choose, several};
use crate::count::count;
use crate::disasm::image;
use crate::draw::Run;
use crate::error::Failure;
use crate::source::is_standard;

use choices::Choices;
use roles::Roles;

/// How to run a protocol.
pub(crate) struct How {
    pub(crate) runs: u64,
    pub(crate) seed: u64,
    pub(crate) rounds: usize,
}

/// What has been seen.
#[derive(Default)]
struct Seen {
    ended: u64,
    stopped: u64,
    wrong: u64,
    /// The first thing that went wrong, and its seed.
    first_wrong: Option<(u64, String)>,
    messages: u64,
    fewest: Option<u64>,
    most: u64,
}

pub(crate) fn run(
    which: &Which,
    how: &How,
    draw: Option<&Path>,
    out: &mut impl Write,
) -> Result<Verdict, Failure> {
    let chosen = choose(which)?;
    if draw.is_some() && chosen.len() > 1 {
        return Err(several(chosen.iter()));
    }
    let mut is_good = true;
    for (at, chosen) in chosen.iter().enumerate() {
        let Some(sound) = chosen.sound()? else {
            is_good = false;
            continue;
        };
        let image = image(chosen, &sound.projected)?;
        let roles = Roles::default();
        let seen = runs(&image, &roles, how)?;
        is_good &= seen.wrong == 0;
        if at > 0 {
            writeln!(out)?;
        }
        report(chosen, &seen, how, out)?;
        let choices = Choices::of(chosen, sound);
        write!(out, "{}", roles.counts(image.global_type.names(), &choices))?;
        if let Some(path) = draw {
            drawn(&image, chosen, how, path, out)?;
        }
    }
    Ok(Verdict::of(is_good))
}

fn runs(image: &CodeImage, roles: &Roles, how: &How) -> Result<Seen, Failure> {
    // Hidden by itself where nobody looks: it goes to the standard error.
    let bar = ProgressBar::new(how.runs).with_style(
        ProgressStyle::with_template("{bar:40} {pos}/{len} runs, {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let mut seen = Seen::default();
    for nth in 0..how.runs {
        let number = how.seed.wrapping_add(nth);
        let sent = roles.sent();
        let (_, result) = one(image, roles, number, how.rounds, Recording::Off)?;
        match result {
            Ok(Progress::Complete) => seen.ended += 1,
            Ok(_) => seen.stopped += 1,
            Err(error) => {
                seen.wrong += 1;
                seen.first_wrong.get_or_insert((number, error));
            }
        }
        let messages = roles.sent() - sent;
        seen.messages += messages;
        seen.fewest = Some(seen.fewest.map_or(messages, |fewest| fewest.min(messages)));
        seen.most = seen.most.max(messages);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(seen)
}

/// One session in a machine of its own, and how far it has come.
fn one(
    image: &CodeImage,
    roles: &Roles,
    seed: u64,
    rounds: usize,
    recording: Recording,
) -> Result<(VM, Result<Progress, String>), Failure> {
    let mut vm = VM::new(VMConfig { seed, recording, ..VMConfig::default() });
    vm.load_choreography(image).map_err(|error| Failure::Machine(error.to_string()))?;
    let result = vm.run(roles, rounds).map_err(|error| error.to_string());
    Ok((vm, result))
}

fn report(chosen: &Chosen, seen: &Seen, how: &How, out: &mut impl Write) -> Result<(), Failure> {
    write!(out, "{}: {}, ", chosen.heading(), count(how.runs, "run"))?;
    match how.runs {
        0 | 1 => writeln!(out, "seed {}", how.seed)?,
        runs => writeln!(out, "seeds {} to {}", how.seed, how.seed.wrapping_add(runs - 1))?,
    }
    writeln!(out, "  {} came to the end", seen.ended)?;
    if seen.stopped > 0 {
        writeln!(out, "  {} stopped after {}", seen.stopped, count(how.rounds, "round"))?;
    }
    if let Some((seed, error)) = &seen.first_wrong {
        writeln!(out, "  {} went wrong, the first one with seed {seed}: {error}", seen.wrong)?;
    }
    #[expect(clippy::cast_precision_loss, reason = "one digit of the quotient is shown")]
    let mean = seen.messages as f64 / how.runs.max(1) as f64;
    match seen.fewest {
        Some(fewest) if fewest < seen.most => {
            writeln!(out, "  {fewest} to {}, {mean:.1} on average", count(seen.most, "message"))?;
        }
        _ => writeln!(out, "  {}", count(seen.most, "message"))?,
    }
    Ok(())
}

/// The first run as a picture.
fn drawn(
    image: &CodeImage,
    chosen: &Chosen,
    how: &How,
    path: &Path,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let (vm, result) = one(image, &Roles::default(), how.seed, how.rounds, Recording::Full)?;
    let names = image.global_type.names();
    let title = format!("{}, run with seed {}", chosen.judged.name, how.seed);
    let log = vm.trace().iter().filter_map(ObsEvent::log_event).collect();
    let is_stopped = result.is_ok_and(|progress| progress != Progress::Complete);
    let note = is_stopped.then(|| format!("… stopped after {}", count(how.rounds, "round")));
    if is_standard(path) {
        writeln!(out)?;
    }
    let roles = names.roles().map(|(_, name)| name).collect();
    Run { title, roles, log, note }.draw(path, out)
}
