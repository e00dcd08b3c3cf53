//! A thousand jobs, and workers that die: every job is done once, whoever dies and wherever.
//!
//! Three workers serve one role of a protocol, each in a thread of its own. The engine between them loses some of what it is
//! asked, before or after it has happened, and then a worker forgets everything and is started anew, as after a crash.
//!
//! ```text
//! cargo run --example jobs
//! ```

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::thread;

use indicatif::ProgressBar;
use pollster::block_on;
use telltale_net::engine::memory::{Faults, Memory};
use telltale_net::engine::{Ending, EngineError};
use telltale_net::{Server, ServerConfig, Service, SessionKey, Start, Step};
use telltale_vm::loader::CodeImage;
use telltale_vm::{Elsewhere, HandlerResult, choreography};

choreography! {
    /// A client has numbers added up, a few at a time.
    #[serde]
    pub protocol Job(Client, Worker) {
        loop {
            choice More at Client {
                Client -> Worker: Add(u64);
                Worker -> Client: SoFar(u64);
            } or {
                Client -> Worker: Enough;
                break;
            }
        }
    }
}

use job::{More, Roles};

const JOBS: u64 = 1_000;
const STEPS: u64 = 5;

/// Adds up what it is given.
struct Worker(u64);

impl job::Worker for Worker {
    fn on_add(&mut self, number: u64) -> HandlerResult<()> {
        self.0 += number;
        Ok(())
    }
    fn so_far(&mut self) -> HandlerResult<u64> {
        Ok(self.0)
    }
    fn on_enough(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

struct Workers;

impl Service for Workers {
    type Roles = Roles<Elsewhere, Worker>;
    type State = u64;

    fn image(&self) -> &CodeImage {
        &job::IMAGE
    }
    fn role(&self) -> &'static str {
        "Worker"
    }
    fn restore(&self, _: &Step, sum: Option<u64>) -> Self::Roles {
        Roles { client: Elsewhere, worker: Worker(sum.unwrap_or(0)) }
    }
    fn save(&self, roles: &Self::Roles) -> u64 {
        roles.worker.0
    }
}

/// Wants the numbers from 1 to [`STEPS`] added up.
struct Client {
    asked: u64,
    sum: u64,
}

impl job::Client for Client {
    fn more(&mut self) -> HandlerResult<More> {
        self.asked += 1;
        Ok(if self.asked <= STEPS { More::Add(self.asked) } else { More::Enough })
    }
    fn on_so_far(&mut self, sum: u64) -> HandlerResult<()> {
        self.sum = sum;
        Ok(())
    }
}

#[derive(Clone, Default)]
struct Clients {
    /// The sessions whose sums were right.
    right: Arc<Mutex<BTreeSet<SessionKey>>>,
}

impl Service for Clients {
    type Roles = Roles<Client, Elsewhere>;
    type State = (u64, u64);

    fn image(&self) -> &CodeImage {
        &job::IMAGE
    }
    fn role(&self) -> &'static str {
        "Client"
    }
    fn restore(&self, _: &Step, state: Option<Self::State>) -> Self::Roles {
        let (asked, sum) = state.unwrap_or((0, 0));
        Roles { client: Client { asked, sum }, worker: Elsewhere }
    }
    fn save(&self, roles: &Self::Roles) -> Self::State {
        (roles.client.asked, roles.client.sum)
    }
    /// Whoever dies before it is known that he has done this does it again, so sessions are noted and not counted.
    fn ended(&self, step: &Step, roles: Self::Roles, ending: Option<&Ending>) {
        if ending.is_none() && roles.client.sum == STEPS * (STEPS + 1) / 2 {
            self.right.lock().expect("nobody panics").insert(step.session().clone());
        }
    }
}

/// Works until there is nothing left to do. Gives how often it has died.
fn work(engine: &Memory, new: impl Fn() -> Server<Memory>) -> Result<u64, EngineError> {
    let (mut server, mut deaths) = (new(), 0);
    while engine.open_sessions() > 0 {
        match block_on(server.step()) {
            Ok(true) => {}
            Ok(false) => thread::yield_now(),
            Err(EngineError::Lost(_)) => {
                server = new();
                deaths += 1;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(deaths)
}

fn main() -> Result<(), Box<dyn Error>> {
    let engine = Memory::with_faults(2026, Faults::ALL);
    for nth in 0..JOBS {
        let start = || block_on(Start::of(&job::IMAGE).called(format!("job {nth}")).on(&engine));
        // Whoever does not hear whether it was started tries again.
        while let Err(EngineError::Lost(_)) = start() {}
    }
    let clients = Clients::default();
    let config = ServerConfig { attempts: u32::MAX, ..ServerConfig::default() };
    let server = || Server::with(engine.clone(), config.clone());
    let progress = ProgressBar::new(JOBS);
    let deaths = thread::scope(|scope| {
        let workers: Vec<_> =
            (0..3).map(|_| scope.spawn(|| work(&engine, || server().serve(Workers)))).collect();
        let buyers = scope.spawn(|| {
            work(&engine, || {
                progress.set_position(JOBS - engine.open_sessions() as u64);
                server().serve(clients.clone())
            })
        });
        workers
            .into_iter()
            .chain([buyers])
            .map(|thread| thread.join().expect("nobody panics"))
            .sum::<Result<u64, EngineError>>()
    })?;
    progress.finish_and_clear();
    println!(
        "{JOBS} jobs were started, and {} sums are right",
        clients.right.lock().expect("nobody panics").len()
    );
    println!(
        "workers have died {}",
        if deaths > 100 { "more than a hundred times" } else { "seldom" }
    );
    Ok(())
}
