//! Every order of turns.

use std::error::Error;
use std::fmt;

use telltale_vm::{ObsEvent, Policy, VMConfig, normalize_trace};

use crate::failure::{Failure, attempt};
use crate::machine::TestVM;

/// Who has a turn when: what a role must not depend on.
///
/// It prints itself as Rust, so that a failing one can be pasted into [`Schedules::only`].
///
/// ```
/// use telltale_testing::Schedule;
/// use telltale_vm::Policy;
///
/// let schedule = Schedule { policy: Policy::RoundRobin, turns: Some(1), ..Schedule::default() };
/// assert_eq!(
///     schedule.to_string(),
///     "Schedule { policy: Policy::RoundRobin, quantum: 64, capacity: 64, turns: Some(1), seed: 0 }"
/// );
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Schedule {
    /// Who runs next.
    pub policy: Policy,
    /// How many instructions one session executes before the next one has its turn.
    pub quantum: u32,
    /// How many messages a channel may hold.
    pub capacity: u16,
    /// How many roles have a turn in one call ([`VM::step_round`](telltale_vm::VM::step_round)); nothing for whole rounds.
    pub turns: Option<usize>,
    /// The draws of [`Policy::Random`].
    pub seed: u64,
}

impl Schedule {
    /// A VM that is driven like this.
    ///
    /// ```
    /// use telltale_testing::Schedule;
    ///
    /// let vm = Schedule { capacity: 1, ..Schedule::default() }.vm();
    /// assert_eq!(vm.config().capacity, 1);
    /// ```
    pub fn vm(self) -> TestVM {
        TestVM::new(VMConfig::default(), self)
    }
}

/// That of [`VMConfig::default`].
impl Default for Schedule {
    fn default() -> Self {
        let VMConfig { policy, quantum, capacity, seed, .. } = VMConfig::default();
        Self { policy, quantum, capacity, turns: None, seed }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { policy, quantum, capacity, turns, seed } = self;
        write!(
            f,
            "Schedule {{ policy: Policy::{policy:?}, quantum: {quantum}, capacity: {capacity}, turns: {turns:?}, \
             seed: {seed} }}"
        )
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The schedules under which a scenario is to do the same.
///
/// Without more, they are all policies with small and large quanta and capacities, in rounds and by turns, and
/// [`Policy::Random`] with 20 seeds.
///
/// ```
/// use telltale_testing::Schedules;
///
/// let schedules = Schedules::new().seeds(100).compare_traces();
/// schedules.check(|vm| Ok(vm.open_sessions())).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Schedules {
    only: Option<Schedule>,
    seeds: u64,
    config: VMConfig,
    compares_traces: bool,
}

impl Default for Schedules {
    fn default() -> Self {
        Self::new()
    }
}

/// How many seeds of [`Policy::Random`] are tried, unless [`Schedules::seeds`] says something else.
const SEEDS: u64 = 20;

impl Schedules {
    /// All of them.
    ///
    /// ```
    /// use telltale_testing::Schedules;
    ///
    /// assert_eq!(Schedules::new().iter().count(), 128);
    /// ```
    pub fn new() -> Self {
        Self { only: None, seeds: SEEDS, config: VMConfig::default(), compares_traces: false }
    }

    /// This one only: to see a failure again.
    ///
    /// ```
    /// use telltale_testing::{Schedule, Schedules};
    /// use telltale_vm::Policy;
    ///
    /// let schedule = Schedule { policy: Policy::Random, quantum: 64, capacity: 1, turns: None, seed: 17 };
    /// let schedules = Schedules::only(schedule);
    /// assert_eq!(schedules.check(|vm| Ok(vm.schedule().seed)).unwrap(), 17);
    /// ```
    pub fn only(schedule: Schedule) -> Self {
        Self { only: Some(schedule), ..Self::new() }
    }

    /// So many seeds of [`Policy::Random`].
    ///
    /// ```
    /// use telltale_testing::Schedules;
    ///
    /// assert_eq!(Schedules::new().seeds(1_000).iter().count(), 1_108);
    /// ```
    #[must_use]
    pub fn seeds(self, seeds: u64) -> Self {
        Self { seeds, ..self }
    }

    /// The VMs are set up like this, but for what schedules say, and for the trace, which is complete.
    ///
    /// ```
    /// use telltale_testing::Schedules;
    /// use telltale_vm::VMConfig;
    ///
    /// let config = VMConfig { max_sessions: 2, ..VMConfig::default() };
    /// Schedules::new().config(config).check(|vm| Ok(vm.config().max_sessions)).unwrap();
    /// ```
    #[must_use]
    pub fn config(self, config: VMConfig) -> Self {
        Self { config, ..self }
    }

    /// Not only what the scenario gives is compared, but also the normal form of its trace: that each role did the same.
    ///
    /// It is the same if all sessions complete and roles depend on nothing but what they receive.
    ///
    /// ```
    /// use telltale_testing::Schedules;
    ///
    /// Schedules::new().compare_traces().check(|_| Ok(())).unwrap();
    /// ```
    #[must_use]
    pub fn compare_traces(self) -> Self {
        Self { compares_traces: true, ..self }
    }

    /// The schedules.
    ///
    /// ```
    /// use telltale_testing::Schedules;
    /// use telltale_vm::Policy;
    ///
    /// assert!(Schedules::new().iter().any(|schedule| schedule.policy == Policy::RoundRobin));
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = Schedule> + use<> {
        const SIZES: [u16; 3] = [1, 2, 64];
        let policies = Policy::ALL.into_iter();
        let grid = policies.flat_map(|policy| {
            SIZES.into_iter().flat_map(move |quantum| {
                SIZES.into_iter().flat_map(move |capacity| {
                    let with = move |turns| Schedule {
                        policy,
                        quantum: quantum.into(),
                        capacity,
                        turns,
                        seed: 0,
                    };
                    [None, Some(1), Some(3)].map(with)
                })
            })
        });
        let seeds = (1..=self.seeds).zip(SIZES.into_iter().cycle());
        let random = seeds.map(|(seed, capacity)| Schedule {
            policy: Policy::Random,
            quantum: 64,
            capacity,
            turns: None,
            seed,
        });
        let all = if self.only.is_some() { None } else { Some(grid.chain(random)) };
        self.only.into_iter().chain(all.into_iter().flatten())
    }

    /// Runs a scenario in a VM of every schedule. It must succeed in all of them and give the same result, which this gives.
    ///
    /// A scenario opens sessions in the VM, with role objects or without, [runs](TestVM::run) it, and looks at what
    /// has become of them.
    ///
    /// ```
    /// # use telltale_vm::{ByHandler, HandlerResult, choreography};
    /// # choreography! { pub protocol Count(Client, Server) { Client -> Server: Word(String); Server -> Client: Letters(u64); } }
    /// # #[derive(Default)]
    /// # struct Server { letters: u64 }
    /// # impl count::Server for Server {
    /// #     fn on_word(&mut self, word: String) -> HandlerResult<()> { self.letters = word.len() as u64; Ok(()) }
    /// #     fn letters(&mut self) -> HandlerResult<u64> { Ok(self.letters) }
    /// # }
    /// # fn main() -> Result<(), telltale_testing::Failure> {
    /// use telltale_testing::{Schedules, Script};
    ///
    /// let letters = Schedules::new().seeds(100).compare_traces().check(|vm| {
    ///     let script = Script::new().send("Client", "Word", "tea").expect("Client", "Letters", 3);
    ///     let session = count::Roles { client: ByHandler, server: Server::default() }.open(vm)?;
    ///     vm.run(&script)?;
    ///     script.finish()?;
    ///     Ok(session.into_roles(vm)?.server.letters)
    /// })?;
    /// assert_eq!(letters, 3);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the scenario gives an error or panics, or its result differs: under which schedule, and why.
    ///
    #[expect(clippy::missing_panics_doc, reason = "there is at least one schedule")]
    pub fn check<T: PartialEq + fmt::Debug>(
        &self,
        mut scenario: impl FnMut(&mut TestVM) -> Result<T, Box<dyn Error>>,
    ) -> Result<T, Failure> {
        let mut first: Option<Run<T>> = None;
        for schedule in self.iter() {
            let failed = |reason| {
                let replay = format!("Schedules::only({schedule})");
                Failure::new(format!("under {schedule}"), reason, replay)
            };
            let mut vm = TestVM::new(self.config.clone(), schedule);
            let result = attempt(|| scenario(&mut vm)).map_err(failed)?;
            let trace =
                if self.compares_traces { normalize_trace(&vm.trace()) } else { Vec::new() };
            let run = Run { schedule, result, trace };
            match &first {
                Some(first) => run.agrees_with(first).map_err(failed)?,
                None => first = Some(run),
            }
        }
        Ok(first.expect("there is at least one schedule").result)
    }
}

/// One run of a scenario.
struct Run<T> {
    schedule: Schedule,
    result: T,
    /// In normal form.
    trace: Vec<ObsEvent>,
}

impl<T: PartialEq + fmt::Debug> Run<T> {
    fn agrees_with(&self, first: &Self) -> Result<(), String> {
        if self.result != first.result {
            let (here, there, schedule) = (&self.result, &first.result, first.schedule);
            return Err(format!("the result is {here:?}, and {there:?} under {schedule}"));
        }
        let events = 0..self.trace.len().max(first.trace.len());
        match events.into_iter().find(|&at| self.trace.get(at) != first.trace.get(at)) {
            Some(at) => {
                let [here, there] = [self, first].map(|run| match run.trace.get(at) {
                    Some(event) => format!("`{event}`, time {}", event.tick),
                    None => "at its end".to_owned(),
                });
                Err(format!("the trace is {here}, where it is {there} under {}", first.schedule))
            }
            None => Ok(()),
        }
    }
}

/// Runs a scenario under all [`Schedules`], and gives its result, which is the same in all of them.
///
/// ```
/// # use telltale_vm::{HandlerResult, NoHandler, choreography};
/// # choreography! { pub protocol Count(Client, Server) { Client -> Server: Word(String); Server -> Client: Letters(u64); } }
/// # #[derive(Default)]
/// # struct Server { letters: u64 }
/// # impl count::Server for Server {
/// #     fn on_word(&mut self, word: String) -> HandlerResult<()> { self.letters = word.len() as u64; Ok(()) }
/// #     fn letters(&mut self) -> HandlerResult<u64> { Ok(self.letters) }
/// # }
/// # #[derive(Default)]
/// # struct Client { letters: u64 }
/// # impl count::Client for Client {
/// #     fn word(&mut self) -> HandlerResult<String> { Ok("tea".to_owned()) }
/// #     fn on_letters(&mut self, letters: u64) -> HandlerResult<()> { self.letters = letters; Ok(()) }
/// # }
/// # fn main() {
/// use telltale_testing::for_every_schedule;
///
/// let letters = for_every_schedule(|vm| {
///     let session = count::Roles { client: Client::default(), server: Server::default() }.open(vm)?;
///     vm.run(&NoHandler)?;
///     Ok(session.into_roles(vm)?.client.letters)
/// });
/// assert_eq!(letters, 3);
/// # }
/// ```
///
/// # Panics
///
/// When the scenario gives an error or panics, or its result differs. The panic says under which schedule, and how to replay it.
#[track_caller]
pub fn for_every_schedule<T: PartialEq + fmt::Debug>(
    scenario: impl FnMut(&mut TestVM) -> Result<T, Box<dyn Error>>,
) -> T {
    match Schedules::new().check(scenario) {
        Ok(result) => result,
        Err(failure) => panic!("{failure}"),
    }
}
