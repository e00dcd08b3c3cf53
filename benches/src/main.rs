//! The command line: which tables are printed, or what is run for a profiler.

use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use telltale_benches::churn;
use telltale_benches::contender::Visits;
use telltale_benches::count::Counting;
use telltale_benches::crowd::{self, Crowd, Order, Shape};
use telltale_benches::long_run;
use telltale_benches::measure::Effort;
use telltale_benches::off_script::OffScript;
use telltale_benches::parts;
use telltale_benches::sections::{
    churn as churning, compile, crowds, durable, image, instructions, memory, messages, mixes,
    off_script, opening, parts as between_parts, sessions, size, snapshots, tasks, theory, threads,
    trace,
};
use telltale_benches::ways::{Exchange, Way};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What Telltale costs, beside state machines written by hand and beside its peers.
#[derive(Parser)]
struct Arguments {
    /// Runs everything with so little to do that the numbers mean nothing
    #[arg(long)]
    quick: bool,
    /// Only one of the tables
    #[arg(long, value_name = "SECTION")]
    only: Option<Section>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Exchanges messages in one way and prints nothing, for a profiler
    Run {
        workload: Exchange,
        contender: Way,
        #[arg(default_value_t = 1_000_000)]
        messages: u64,
        /// Among a hundred sessions, each of which is visited for two messages
        #[arg(long)]
        short_visits: bool,
    },
    /// Exchanges messages of ping-pong off its script and prints nothing, for a profiler
    RunOff {
        way: OffScript,
        #[arg(default_value_t = 1_000_000)]
        messages: u64,
        /// The state machine that does the same
        #[arg(long)]
        by_hand: bool,
    },
    /// Exchanges messages between few or many roles off the script and prints nothing, for a profiler
    RunCrowd {
        shape: Shape,
        order: Order,
        #[arg(default_value_t = crowd::MANY)]
        roles: usize,
        #[arg(default_value_t = 1_000_000)]
        messages: u64,
        /// The state machine, which knows few and 250 roles
        #[arg(long)]
        by_hand: bool,
    },
    /// Exchanges messages of one session, in one VM or in two, and prints nothing, for a profiler
    RunParts {
        exchange: parts::Exchange,
        place: parts::Place,
        #[arg(default_value_t = 1_000_000)]
        messages: u64,
    },
    /// Opens, visits and ends sessions of three protocols and prints nothing, for a profiler
    RunChurn {
        #[arg(default_value_t = 1_000_000)]
        sessions: u64,
        /// How many are alive at a time
        #[arg(default_value_t = 50_000)]
        alive: usize,
        /// State machines instead of the VM
        #[arg(long)]
        by_hand: bool,
    },
    /// Runs very many sessions with everything turned on, and checks that nothing is lost and memory does not grow
    LongRun {
        #[arg(default_value_t = 10_000_000)]
        sessions: u64,
    },
    /// Counts instructions per message, with `valgrind`
    Instructions {
        /// Fails when there are more than there should be
        #[arg(long)]
        check: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Section {
    /// What a message costs in one session
    Messages,
    /// What a message costs among many sessions
    Sessions,
    /// What two threads are worth
    Threads,
    /// What a message between two tasks costs
    Tasks,
    /// What a message costs off the script
    OffScript,
    /// What a message costs between two parts of a session
    Parts,
    /// What a step costs of a part that is kept in PostgreSQL
    Durable,
    /// What a message costs there between few roles and between very many
    Crowds,
    /// What it costs to record everything
    Trace,
    /// What it costs to open a session
    Opening,
    /// What a short session costs from its opening to its end
    Mixes,
    /// What a message costs where sessions come and go
    Churn,
    /// How much memory a session takes
    Memory,
    /// What it costs to write sessions down and to resume them
    Snapshots,
    /// How large images are
    Image,
    /// How much larger a program is that has a protocol
    Size,
    /// How long large protocols take to check and project
    Theory,
    /// How much longer the compiler takes
    Compile,
}

fn main() -> ExitCode {
    end_quietly_when_nobody_reads();
    let arguments = Arguments::parse();
    let result = match arguments.command {
        Some(Command::Run { workload, contender, messages, short_visits }) => {
            let visits = if short_visits { Visits::short() } else { Visits::one_session() };
            run(workload, contender, visits, messages)
        }
        Some(Command::RunCrowd { shape, order, roles, messages, by_hand }) => {
            run_crowd(Crowd { shape, order, roles }, by_hand, messages)
        }
        Some(Command::RunChurn { sessions, alive, by_hand }) => {
            let whoever: &mut dyn churn::Sessions =
                if by_hand { &mut churn::ByHand::default() } else { &mut churn::ByVm::default() };
            churn::churn(whoever, sessions, alive);
            Ok(())
        }
        Some(Command::RunParts { exchange, place, messages }) => {
            let mut ready = parts::contender(exchange, place);
            ready.exchange(messages);
            ready.end();
            Ok(())
        }
        Some(Command::LongRun { sessions }) => long_run::run(sessions),
        Some(Command::RunOff { way, messages, by_hand }) => run_off(way, by_hand, messages),
        Some(Command::Instructions { check }) => instructions::run(check),
        None => {
            let effort = if arguments.quick { Effort::quick() } else { Effort::full() };
            let only = arguments.only.as_ref().map(std::slice::from_ref);
            only.unwrap_or(Section::value_variants()).iter().for_each(|one| one.print(effort));
            Ok(())
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whoever has seen enough of the tables may close the pipe.
fn end_quietly_when_nobody_reads() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let text = panic.payload().downcast_ref::<String>();
        if text.is_some_and(|text| text.contains("Broken pipe")) {
            std::process::exit(0);
        }
        usual(panic);
    }));
}

impl Section {
    fn print(self, effort: Effort) {
        match self {
            Self::Messages => messages::print(effort),
            Self::Sessions => sessions::print(effort),
            Self::Threads => threads::print(effort),
            Self::Tasks => tasks::print(effort),
            Self::OffScript => off_script::print(effort),
            Self::Parts => between_parts::print(effort),
            Self::Durable => durable::print(effort),
            Self::Crowds => crowds::print(effort),
            Self::Trace => trace::print(effort),
            Self::Opening => opening::print(effort),
            Self::Mixes => mixes::print(effort),
            Self::Churn => churning::print(effort),
            Self::Memory => memory::print(effort),
            Self::Snapshots => snapshots::print(effort),
            Self::Image => image::print(),
            Self::Size => size::print(),
            Self::Theory => theory::print(effort),
            Self::Compile => compile::print(effort),
        }
    }
}

fn run_off(way: OffScript, by_hand: bool, messages: u64) -> Result<(), String> {
    let contender = if by_hand { way.by_hand() } else { Some(way.contender()) };
    let mut ready = contender.ok_or_else(|| format!("beside `{}` stands D2", way.name()))?;
    ready.exchange(messages);
    ready.end();
    Ok(())
}

fn run_crowd(crowd: Crowd, by_hand: bool, messages: u64) -> Result<(), String> {
    let contender = if by_hand { crowd.by_hand() } else { Some(crowd.contender()) };
    let mut ready = contender.ok_or("the state machine knows few and 250 roles")?;
    ready.exchange(messages);
    ready.end();
    Ok(())
}

fn run(workload: Exchange, contender: Way, visits: Visits, messages: u64) -> Result<(), String> {
    let Some(mut ready) = workload.by(contender, visits) else {
        let [workload, contender] = [workload.name(), contender.name()];
        return Err(format!("`{contender}` has no `{workload}`"));
    };
    ready.exchange(messages);
    ready.end();
    Ok(())
}
