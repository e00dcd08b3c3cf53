//! The command: sessions for so long, while everything is killed.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use telltale_harness::run::{Task, run};
use telltale_harness::scenario::Scenario;
use telltale_harness::{process, scale};

/// Plays sessions over PostgreSQL while processes and servers are killed, and says what has come of them.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Starts servers and processes, kills them, and prints a table
    Run {
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// For how many seconds
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// Over how many servers sessions are spread
        #[arg(long, default_value_t = 1)]
        servers: usize,
        /// Each server has a synchronous standby, which takes its place when it is killed
        #[arg(long)]
        standby: bool,
        /// How many processes play each role
        #[arg(long, default_value_t = 2)]
        processes: usize,
        /// How many sessions are under way at a time
        #[arg(long, default_value_t = 50)]
        at_once: usize,
        /// The library of `faketime`, for clocks that are days off [default: where Debian has it]
        #[arg(long)]
        faketime: Option<PathBuf>,
    },
    /// Plays a story, and says whether it has ended well
    Scenario {
        /// Which one; all of them, if none is named
        names: Vec<Scenario>,
    },
    /// Measures what many open sessions cost, and prints tables
    Scale {
        /// How many sessions are open, each time
        #[arg(long, value_delimiter = ',', default_value = "100,10000,100000,1000000")]
        sessions: Vec<u64>,
        /// How many seconds each rate is measured
        #[arg(long, default_value_t = 10)]
        seconds: u64,
        /// For how many seconds rows die
        #[arg(long, default_value_t = 300)]
        load: u64,
    },
    /// Does steps until it is killed
    #[command(hide = true)]
    Work { note: PathBuf, url: String, sessions: u64 },
    /// Plays a role until it is killed
    #[command(hide = true)]
    Play { role: String, notes: PathBuf, urls: Vec<String> },
}

type Failed = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<ExitCode, Failed> {
    let program = std::env::current_exe()?;
    match Arguments::parse().command {
        Command::Run { seed, seconds, servers, standby, processes, at_once, faketime } => {
            let time = Duration::from_secs(seconds);
            let faketime = faketime.or_else(process::faketime);
            let task = Task { seed, servers, standby, processes, time, at_once, program, faketime };
            let Some(report) = run(&task).await? else {
                println!("skipped: PostgreSQL is not installed");
                return Ok(ExitCode::SUCCESS);
            };
            print!("{report}");
            Ok(if report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Scenario { names } => {
            let scenarios =
                if names.is_empty() { Scenario::value_variants().to_vec() } else { names };
            let mut code = ExitCode::SUCCESS;
            for scenario in scenarios {
                if !tell(scenario, program.clone()).await? {
                    code = ExitCode::FAILURE;
                }
            }
            Ok(code)
        }
        Command::Scale { sessions, seconds, load } => {
            let (time, load) = (Duration::from_secs(seconds), Duration::from_secs(load));
            let task = scale::Task { sessions, time, load, program };
            if !scale::measure(&task).await? {
                println!("skipped: PostgreSQL is not installed");
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Work { note, url, sessions } => {
            scale::work(&url, sessions, note).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Play { role, notes, urls } => {
            process::play(&role, notes, &urls).await?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Plays a scenario, and says whether it has ended well.
async fn tell(scenario: Scenario, program: PathBuf) -> Result<bool, Failed> {
    let name =
        scenario.to_possible_value().map_or(String::new(), |name| name.get_name().to_owned());
    println!("{name}");
    let outcome = match scenario.play(program).await? {
        Ok(outcome) => outcome,
        Err(why) => {
            println!("  skipped: {why}");
            return Ok(true);
        }
    };
    outcome.story.iter().for_each(|line| println!("  {line}"));
    outcome.broken.iter().for_each(|line| println!("  BROKEN: {line}"));
    Ok(outcome.broken.is_empty())
}
