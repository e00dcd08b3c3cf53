//! The command: sessions for so long, while everything is killed.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use telltale_harness::process;
use telltale_harness::run::{Task, run};

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
        /// How many processes play each role
        #[arg(long, default_value_t = 2)]
        processes: usize,
        /// How many sessions are under way at a time
        #[arg(long, default_value_t = 50)]
        at_once: usize,
    },
    /// Plays a role until it is killed
    #[command(hide = true)]
    Play { role: String, urls: Vec<String> },
}

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error + Send + Sync>> {
    match Arguments::parse().command {
        Command::Run { seed, seconds, servers, processes, at_once } => {
            let (time, program) = (Duration::from_secs(seconds), std::env::current_exe()?);
            let task = Task { seed, servers, processes, time, at_once, program };
            let Some(report) = run(&task).await? else {
                println!("skipped: PostgreSQL is not installed");
                return Ok(ExitCode::SUCCESS);
            };
            print!("{report}");
            Ok(if report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Play { role, urls } => {
            process::play(&role, &urls).await?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
