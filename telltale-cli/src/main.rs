//! Takes files with protocols; gives verdicts, pictures and numbers.
//!
//! This crate is a shell: what a protocol means, whether it is sound, how it runs and how it is drawn stands in the crates that it
//! names. Here is how files become protocols, and what people read.

mod accepts;
mod args;
mod blocks;
mod check;
mod choose;
mod compare;
mod count;
mod coverage;
mod diagram;
mod disasm;
mod draw;
mod error;
mod explore;
mod fmt;
mod json;
mod lines;
mod logs;
mod output;
mod show;
mod simulate;
mod source;
mod verdict;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Arguments, Command};
use error::Failure;
use output::{Quiet, stderr};
use source::is_standard;

/// All is well, or something is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Good,
    Bad,
}

impl Verdict {
    fn of(is_good: bool) -> Self {
        if is_good { Self::Good } else { Self::Bad }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    anstream::ColorChoice::write_global(match arguments.color {
        clap::ColorChoice::Auto => anstream::ColorChoice::Auto,
        clap::ColorChoice::Always => anstream::ColorChoice::Always,
        clap::ColorChoice::Never => anstream::ColorChoice::Never,
    });
    let mut out = io::BufWriter::new(Quiet(anstream::stdout().lock()));
    let result = run(arguments.command, &mut out);
    let result = result.and_then(|verdict| Ok(out.flush().map(|()| verdict)?));
    match result {
        Ok(Verdict::Good) => ExitCode::SUCCESS,
        Ok(Verdict::Bad) => ExitCode::from(1),
        Err(failure) => {
            // What has been written so far stands in front of it, if anybody reads.
            let _ = out.flush();
            let _ = writeln!(stderr(), "error: {failure}");
            ExitCode::from(2)
        }
    }
}

fn run(command: Command, out: &mut impl Write) -> Result<Verdict, Failure> {
    if command.inputs().into_iter().filter(|path| is_standard(path)).count() > 1 {
        return Err(Failure::InputTwice);
    }
    match command {
        Command::Check { paths, format } => check::run(&paths, format, out),
        Command::Fmt { paths, check } => fmt::run(&paths, check, out),
        Command::Show { which, role } => show::run(&which, role.as_deref(), out),
        Command::Disasm { which } => disasm::run(&which, out),
        Command::Diagram { which, kind, role, format, output } => {
            let what = diagram::What { kind, role, format };
            diagram::run(&which, &what, output.as_deref(), out)
        }
        Command::Simulate { which, runs, seed, rounds, draw } => {
            let how = simulate::How { runs, seed, rounds };
            simulate::run(&which, &how, draw.as_deref(), out)
        }
        Command::Explore { which, states, queue } => {
            explore::run(&which, explore::Limits { states, queue }, out)
        }
        Command::Accepts { which, role, complete, draw, format } => {
            let what = accepts::What { role, is_complete: complete, draw, format };
            accepts::run(&which, &what, out)
        }
        Command::Coverage { which, role, all, draw, format } => {
            let what = coverage::What { role, all, draw, format };
            coverage::run(&which, &what, out)
        }
        Command::Compare { old, new, protocol, in_use, format } => {
            let what = compare::What { protocol, in_use, format };
            compare::run(&old, &new, &what, out)
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "telltale", &mut script);
            out.write_all(&script)?;
            Ok(Verdict::Good)
        }
        Command::Man { folder } => manual(&folder),
    }
}

fn manual(folder: &Path) -> Result<Verdict, Failure> {
    let failed = |error| Failure::Write { path: folder.to_owned(), error };
    std::fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(Arguments::command(), folder).map_err(failed)?;
    Ok(Verdict::Good)
}
