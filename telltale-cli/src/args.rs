//! What can be said to the command.

use std::path::{Path, PathBuf};

use clap::{Args, ColorChoice, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// Checks, formats, shows, draws, runs and explores protocols between several roles.
///
/// Protocols are found in Rust files, in every `choreography!`, and in text files, which say what stands inside of one.
/// Of folders, the files that end in `.rs` and `.tell` are read, but for those that git ignores. `-` is the standard input.
#[derive(Debug, Parser)]
#[command(name = "telltale", version, after_help = AFTER)]
pub(crate) struct Arguments {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    pub(crate) color: ColorChoice,
}

const AFTER: &str = "\
Examples:
  telltale check                           all protocols in and below this folder
  telltale fmt --check src                 what is not formatted, as a difference
  telltale diagram shop.tell -o shop.svg   a picture
  telltale explore shop.tell               how many states, which queues grow

Exit status: 0 all is well, 1 something is refused (a protocol, a log, a version, what is not formatted, a run that goes wrong), 2 the command cannot be carried out.";

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Says what is wrong with protocols
    #[command(after_help = CHECK)]
    Check {
        /// Files and folders; without any, the current folder
        paths: Vec<PathBuf>,
        /// For people, or for programs
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Brings protocols into the layout of the language reference
    #[command(after_help = FMT)]
    Fmt {
        /// Files and folders; without any, the current folder
        paths: Vec<PathBuf>,
        /// Changes nothing, but shows what would be changed, and fails if there is something
        #[arg(long)]
        check: bool,
    },
    /// Prints global and local types, in the notation of the papers
    Show {
        #[command(flatten)]
        which: Which,
        /// Prints the part of this role only
        #[arg(long, value_name = "NAME")]
        role: Option<String>,
    },
    /// Prints bytecode
    Disasm {
        #[command(flatten)]
        which: Which,
    },
    /// Draws a protocol, or the part of a role
    #[command(after_help = DIAGRAM)]
    Diagram {
        #[command(flatten)]
        which: Which,
        /// What to draw; a state diagram without a role is that of the whole protocol
        #[arg(long, value_enum)]
        kind: Option<Kind>,
        /// Draws the part of this role, as a state diagram
        #[arg(long, value_name = "NAME", conflicts_with = "kind")]
        role: Option<String>,
        /// The language of the picture; otherwise, what the name of the output ends in, or SVG
        #[arg(long, value_enum)]
        format: Option<Picture>,
        /// Where to write the picture, instead of the standard output
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Runs a protocol many times, with choices that a seed decides
    #[command(after_help = SIMULATE)]
    Simulate {
        #[command(flatten)]
        which: Which,
        /// How many runs; each has the next seed
        #[arg(long, default_value_t = 1_000)]
        runs: u64,
        /// The seed of the first run
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// After how many rounds a run that goes on is stopped
        #[arg(long, default_value_t = 1_000)]
        rounds: usize,
        /// Draws the first run: into a file that ends in `.svg`, `.mmd`, `.txt`, `.json` (a timeline for Perfetto) or `.jsonl` (a log), or as text with `-`
        #[arg(long, value_name = "FILE")]
        draw: Option<PathBuf>,
    },
    /// Looks at all states that a protocol can be in
    #[command(after_help = EXPLORE)]
    Explore {
        #[command(flatten)]
        which: Which,
        /// After how many states to give up
        #[arg(long, default_value_t = 100_000)]
        states: usize,
        /// How long a queue may become that nothing bounds
        #[arg(long, default_value_t = 4)]
        queue: usize,
    },
    /// Holds logs against a protocol: are they beginnings of something that it allows?
    #[command(after_help = ACCEPTS)]
    Accepts {
        #[command(flatten)]
        which: WhichLogs,
        /// Only looks at what this role sends and receives
        #[arg(long, value_name = "NAME")]
        role: Option<String>,
        /// Fails if a log does not come to the end of the protocol
        #[arg(long)]
        complete: bool,
        /// Draws the log, of which there can be only one then, up to the first event that does not fit: into a file that ends in `.svg`,
        /// `.mmd`, `.txt`, `.json` (a timeline for Perfetto) or `.jsonl` (a log), or as text with `-`
        #[arg(long, value_name = "FILE")]
        draw: Option<PathBuf>,
        /// For people, or for programs
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Says what of a protocol some logs have exercised, role by role
    #[command(after_help = COVERAGE)]
    Coverage {
        #[command(flatten)]
        which: WhichLogs,
        /// Only this role
        #[arg(long, value_name = "NAME")]
        role: Option<String>,
        /// Fails unless each role has sent and received all that it can, and has come to its end
        #[arg(long)]
        all: bool,
        /// Draws the part of the role into a file that ends in `.svg` or `.dot`; what was not exercised is dashed
        #[arg(long, value_name = "FILE", requires = "role")]
        draw: Option<PathBuf>,
        /// For people, or for programs
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Compares two versions of protocols: which roles may stay as they were?
    #[command(after_help = COMPARE)]
    Compare {
        /// The file or folder with the old version
        old: PathBuf,
        /// The file or folder with the new version
        new: PathBuf,
        /// Only the protocol with this name; `NAME:LINE` where several have the same
        #[arg(long, value_name = "NAME")]
        protocol: Option<String>,
        /// The roles that are played by programs of the old version; without it, all of them
        #[arg(long, value_name = "ROLE", value_delimiter = ',')]
        in_use: Vec<String>,
        /// For people, or for programs
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Prints a script that completes the command in a shell
    #[command(
        after_help = "Example:\n  telltale completions bash > ~/.local/share/bash-completion/completions/telltale"
    )]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Writes the manual, a page for each command, into a folder
    #[command(after_help = "Example:\n  telltale man ~/.local/share/man/man1")]
    Man {
        /// The folder
        folder: PathBuf,
    },
}

impl Command {
    /// All that is read.
    pub(crate) fn inputs(&self) -> Vec<&Path> {
        match self {
            Self::Check { paths, .. } | Self::Fmt { paths, .. } => {
                paths.iter().map(PathBuf::as_path).collect()
            }
            Self::Show { which, .. }
            | Self::Disasm { which }
            | Self::Diagram { which, .. }
            | Self::Simulate { which, .. }
            | Self::Explore { which, .. } => which.paths.iter().map(PathBuf::as_path).collect(),
            Self::Accepts { which, .. } | Self::Coverage { which, .. } => {
                std::iter::once(&which.protocols).chain(&which.logs).map(PathBuf::as_path).collect()
            }
            Self::Compare { old, new, .. } => vec![old, new],
            Self::Completions { .. } | Self::Man { .. } => Vec::new(),
        }
    }
}

const CHECK: &str = "\
Examples:
  telltale check src protocols/shop.tell
  telltale check --format json . | jq '.[] | select(.ok | not)'
  git show HEAD:shop.tell | telltale check -

With `--format json` there is an array with one object for each protocol:
  {\"protocol\", \"file\", \"line\", \"ok\", \"errors\": [{\"condition\", \"role\", \"message\", \"line\", \"column\"}]}
`condition` is `send`, `receive`, `mixed`, `silent`, `fork` or `join` where a role cannot play its part, `language` for mistakes in the \
text, `limit` where a limit is exceeded, and `unchecked` where mistakes elsewhere prevent a verdict. `role` is null but for the first six.";

const FMT: &str = "\
Comments are kept. A protocol in which one stands where the layout has no place for it is left as it is, and so is one with mistakes.

Examples:
  telltale fmt
  telltale fmt --check src
  telltale fmt - < shop.tell";

const DIAGRAM: &str = "\
Examples:
  telltale diagram shop.tell -o shop.svg
  telltale diagram src/lib.rs --protocol Purchase --format mermaid
  telltale diagram shop.tell --role Shop --format dot | dot -Tpng > shop.png";

const SIMULATE: &str = "\
Payloads are zeros and empty texts. The run with seed 17 is replayed by `--seed 17 --runs 1`.

Examples:
  telltale simulate shop.tell
  telltale simulate shop.tell --seed 17 --runs 1 --draw run.svg";

const EXPLORE: &str = "\
A state is what each role has come to, and what is under way. Where nothing bounds a queue, it is said which \
messages can flood it, and which acknowledgement would bound it.

Example:
  telltale explore shop.tell --states 1000000";

const ACCEPTS: &str = "\
A line is an object with `sender`, `receiver` and `label`; what else it has is of no interest. `\"event\": \"send\"` or `\"receive\"` is \
one side of a message, otherwise the line stands for both. Where two roles talk in several arms of a `par`, `channel` may say in which.

Examples:
  telltale accepts shop.tell monday.jsonl tuesday.jsonl
  telltale accepts shop.tell --role Shop --complete shop.log
  zcat log.gz | telltale accepts shop.tell -

With `--format json` there is an array with one object for each log:
  {\"log\", \"protocol\", \"ok\", \"events\", \"skipped\", \"complete\", \"error\": {\"message\", \"line\", \"expected\": []}}";

const COVERAGE: &str = "\
Logs are as for `telltale accepts`. One that does not fit counts up to where it does not, and makes the command fail.

Examples:
  telltale coverage shop.tell logs/*.jsonl
  telltale coverage shop.tell logs/*.jsonl --all
  telltale coverage shop.tell logs/*.jsonl --role Shop --draw shop.svg

With `--format json` there is an array with one object for each role:
  {\"role\", \"actions\": [{\"action\", \"count\", \"lines\": []}], \"ended\"}";

const COMPARE: &str = "\
Protocols are the same if they have the same name; if there is only one in each version, those two are compared. The exit status is 1 if a \
role in use cannot be played as it was with all others as they are now, or if a protocol or a role in use is gone.

Examples:
  telltale compare v1/shop.tell v2/shop.tell
  git show v1.0:shop.tell | telltale compare - shop.tell --in-use Customer

With `--format json` there is an array with one object for each protocol:
  {\"protocol\", \"change\", \"broken\": [], \"roles\": [{\"role\", \"change\", \"old_with_new\", \"new_with_old\"}], \"messages\": []}
`change` is `same`, `changed`, `new` or `gone`; `old_with_new` says why the old role cannot be played with the new others, or is null.";

/// Which protocols.
#[derive(Args, Debug)]
pub(crate) struct Which {
    /// Files and folders
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Only the protocol with this name; `NAME:LINE` where several have the same
    #[arg(long, value_name = "NAME")]
    pub(crate) protocol: Option<String>,
}

/// Which logs, of which protocol.
#[derive(Args, Debug)]
pub(crate) struct WhichLogs {
    /// The file with the protocol
    pub(crate) protocols: PathBuf,
    /// Files with a message on each line, as JSON; each is a session
    #[arg(required = true)]
    pub(crate) logs: Vec<PathBuf>,
    /// The name of the protocol, if there are several in the file; `NAME:LINE` where they have the same
    #[arg(long, value_name = "NAME")]
    pub(crate) protocol: Option<String>,
}

impl WhichLogs {
    /// The protocol.
    pub(crate) fn protocol(&self) -> Which {
        Which { paths: vec![self.protocols.clone()], protocol: self.protocol.clone() }
    }
}

/// The form of a report.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    /// As the compiler says it
    Text,
    /// One array
    Json,
}

/// What to draw.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum Kind {
    /// Who says what to whom
    Sequence,
    /// What there is to do in which state
    State,
}

/// The language of a picture.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum Picture {
    /// For browsers
    Svg,
    /// For Markdown
    Mermaid,
    /// For Graphviz; state diagrams only
    Dot,
}
