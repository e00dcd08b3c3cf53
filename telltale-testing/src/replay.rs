//! A recording as a test.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use telltale_vm::generated::{self, NamedRoles, RoleObjects};
use telltale_vm::recording::{Divergence, Recorded, RecordingError, Replay};
use telltale_vm::{VM, VMError};
use thiserror::Error;

/// Plays a recording again with these roles, and gives them back.
///
/// Role objects have to do what they did when the session was recorded; those in whose place [`ByHandler`](type@telltale_vm::ByHandler) stands
/// do it as it was recorded. The path is that of a file in the package whose test this is.
///
/// ```
/// # use telltale_vm::{NoHandler, HandlerResult, choreography};
/// # choreography! {
/// #     #[serde]
/// #     pub protocol Offer(Customer, Shop) {
/// #         Customer -> Shop: Ask(String);
/// #         Shop -> Customer: Price(u64);
/// #     }
/// # }
/// # struct Customer;
/// # impl offer::Customer for Customer {
/// #     fn ask(&mut self) -> HandlerResult<String> { Ok("tea".to_owned()) }
/// #     fn on_price(&mut self, _: u64) -> HandlerResult<()> { Ok(()) }
/// # }
/// # #[derive(Default)]
/// # struct Shop(u64);
/// # impl offer::Shop for Shop {
/// #     fn on_ask(&mut self, ask: String) -> HandlerResult<()> { self.0 = ask.len() as u64; Ok(()) }
/// #     fn price(&mut self) -> HandlerResult<u64> { Ok(self.0) }
/// # }
/// use std::fs::File;
/// use telltale_testing::replay;
/// use telltale_vm::ByHandler;
/// use telltale_vm::recording::Recorder;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let path = std::env::temp_dir().join(format!("offer-{}.jsonl", std::process::id()));
/// // Where it happens:
/// let recorder = Recorder::to(&NoHandler, File::create(&path)?);
/// offer::Roles { customer: Customer, shop: Shop::default() }.play_with(&recorder)?;
/// recorder.finish()?;
///
/// // In a test, for ever after:
/// replay(&path, offer::Roles { customer: ByHandler, shop: Shop::default() })?;
/// # std::fs::remove_file(path)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// When somebody does something else: the first thing that is different. When the file is not there, is no recording, or has
/// more than one session.
pub fn replay<R: NamedRoles>(path: impl AsRef<Path>, roles: R) -> Result<R, ReplayError> {
    let path = path.as_ref().to_owned();
    match replay_file(&path, roles) {
        Ok(roles) => Ok(roles),
        Err(problem) => Err(ReplayError { path, problem: Box::new(problem) }),
    }
}

/// A recording that was not repeated. It prints what was different, or why there is no telling.
#[derive(Error)]
#[error("{}: {problem}", path.display())]
pub struct ReplayError {
    path: PathBuf,
    // Boxed, so that results with it are small.
    #[source]
    problem: Box<Problem>,
}

#[derive(Debug, Error)]
enum Problem {
    #[error(
        "cannot be read: {0} (a file like this is written by `telltale_vm::recording::Recorder`)"
    )]
    File(io::Error),
    #[error(transparent)]
    Recording(#[from] RecordingError),
    #[error("has {0} sessions; `telltale_vm::recording::Replay` plays several, or one of them")]
    Sessions(usize),
    #[error("these roles are of no protocol that `choreography!` has compiled")]
    NoImage,
    #[error(transparent)]
    Diverges(#[from] Divergence),
    #[error(transparent)]
    Machine(#[from] VMError),
}

impl ReplayError {
    /// What was different, if the recording was played.
    pub fn divergence(&self) -> Option<&Divergence> {
        match &*self.problem {
            Problem::Diverges(divergence) => Some(divergence),
            _ => None,
        }
    }
}

/// A test prints errors with `Debug`, and a reader wants sentences there.
impl std::fmt::Debug for ReplayError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

fn replay_file<R: NamedRoles>(path: &Path, roles: R) -> Result<R, Problem> {
    let image = R::Objects::image().ok_or(Problem::NoImage)?;
    let file = File::open(path).map_err(Problem::File)?;
    let recording = Recorded::read(BufReader::new(file))?;
    match recording.sessions().len() {
        1 => {}
        sessions => return Err(Problem::Sessions(sessions)),
    }
    let mut vm = VM::new(recording.config());
    let session = generated::open(&mut vm, image, roles)?;
    Replay::new(&recording).run(&mut vm)?;
    // If the recording was cut off, the session still waits for what comes then.
    let _ = vm.cancel(session.id(), "the recording ends here");
    session.into_roles(&mut vm).or_else(|error| {
        let (error, roles) = error.into_parts();
        roles.ok_or(Problem::Machine(error))
    })
}
