//! Plays sessions while everything is killed, and looks at what has come of them.

use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::place::Place;
use crate::plan::{Blow, Plan};
use crate::process::{LEASE, Notes};
use crate::sessions::{Fate, Sessions};
use crate::world::{Failed, World};

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Task {
    /// Decides what is killed and when.
    pub seed: u64,
    /// How many servers there are, over which sessions are spread.
    pub servers: usize,
    /// Whether each of them has a synchronous standby, which takes its place when it is killed.
    pub standby: bool,
    /// How many processes play each role.
    pub processes: usize,
    /// For how long sessions are started and blows are dealt.
    pub time: Duration,
    /// How many sessions are under way at a time.
    pub at_once: usize,
    /// The program that processes run: this one.
    pub program: PathBuf,
    /// The library of `faketime`, for processes whose clocks are days off.
    pub faketime: Option<PathBuf>,
}

/// What has come of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Report {
    /// Sessions that were started.
    pub sessions: u64,
    /// Those whose ending is that they are complete.
    pub complete: u64,
    /// The messages of those.
    pub messages: u64,
    /// Sessions that have no ending although nobody is killed any more.
    pub without_ending: u64,
    /// Sessions with another ending: a message was lost, came twice, or in another order.
    pub wrong: u64,
    /// Sessions that were started, and that no database knows any more.
    pub gone: u64,
    /// Rows of parts and messages that are left over.
    pub rows_left: i64,
    /// How often each kind of blow was dealt, in the order of [`Blow::ALL`].
    pub dealt: [u64; Blow::ALL.len()],
    /// Servers that were killed for good, and whose standby has taken their place.
    pub failed_over: u64,
    /// Processes with clocks that are days off.
    pub other_clocks: u64,
    /// What processes have done.
    pub notes: Notes,
}

impl Report {
    /// Whether all holds that has to.
    pub fn holds(&self) -> bool {
        self.complete == self.sessions && self.rows_left == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |what: &str, number| writeln!(f, "{what:<58}{number:>10}");
        row("sessions", self.sessions)?;
        row("messages", self.messages)?;
        for (blow, times) in Blow::ALL.into_iter().zip(self.dealt) {
            row(blow.in_words(), times)?;
        }
        row("servers lost for good, whose standby took their place", self.failed_over)?;
        row("processes with clocks that are three days off", self.other_clocks)?;
        row("steps that were begun", self.notes.begun)?;
        row(
            "steps that were begun in vain, and done again",
            self.notes.begun.saturating_sub(self.notes.steps),
        )?;
        row("of these, steps that somebody else had done meanwhile", self.notes.fenced)?;
        row("operations of which nobody knew whether they were done", self.notes.lost)?;
        row("sessions without an ending", self.without_ending)?;
        row("sessions in which a message was lost or came twice", self.wrong)?;
        row("sessions that are gone", self.gone)?;
        row("rows left over", self.rows_left.unsigned_abs())
    }
}

/// Does a task. Nothing, where PostgreSQL is not installed.
///
/// # Errors
///
/// When servers or processes cannot be started, or the engine cannot do what it is asked.
pub async fn run(task: &Task) -> Result<Option<Report>, Failed> {
    let mut places = Vec::new();
    for _ in 0..task.servers {
        let Some(place) = Place::start(task.standby)? else { return Ok(None) };
        places.push(place);
    }
    let mut world = World::new(places, task.program.clone(), task.faketime.clone())?;
    let engine = world.engine().await?;
    world.spawn_all(task.processes)?;
    let sessions = Sessions::on(&engine);
    let stop = Instant::now() + task.time;
    let mut report = Report::default();
    let blows = deal_until(&mut world, stop, Plan::new(task.seed), &mut report);
    let (started, dealt) = tokio::join!(sessions.start(task.at_once, stop), blows);
    dealt?;
    started?;
    report.look_at(&world, &sessions).await?;
    Ok(Some(report))
}

async fn deal_until(
    world: &mut World,
    stop: Instant,
    mut plan: Plan,
    report: &mut Report,
) -> Result<(), Failed> {
    while Instant::now() < stop {
        let (pause, blow) = plan.next_blow();
        sleep(pause).await;
        if deal(world, blow, &mut plan).await? {
            report.failed_over += 1;
        } else {
            report.dealt[blow.index()] += 1;
        }
    }
    Ok(())
}

/// Deals a blow. Says whether a standby has taken the place of a server.
async fn deal(world: &mut World, blow: Blow, plan: &mut Plan) -> Result<bool, Failed> {
    let process = below(plan, world.processes());
    let place = below(plan, world.places.len());
    match blow {
        Blow::KillProcess => world.kill_process(process)?,
        Blow::StopProcess => world.stop_process(process).await?,
        Blow::CutAtServer => world.cut_at_server(place).await?,
        Blow::CutInMiddle => world.places[place].cut(),
        Blow::Delay => {
            world.places[place].delay(Duration::from_millis(5 + plan.below(50)));
            sleep(2 * LEASE).await;
            world.places[place].delay(Duration::ZERO);
        }
        Blow::Swallow => {
            world.places[place].swallow(true);
            sleep(2 * LEASE).await;
            world.places[place].cut();
            world.places[place].swallow(false);
        }
        Blow::KillServer => {
            if world.places[place].fail_over()? {
                return Ok(true);
            }
            let server = world.places[place].primary();
            server.kill()?;
            server.run()?;
        }
        Blow::StopServer => {
            world.places[place].primary().stop()?;
            sleep(2 * LEASE).await;
            world.places[place].primary().go_on()?;
        }
    }
    Ok(false)
}

impl Report {
    /// Nobody is killed any more: what has come of the sessions?
    pub(crate) async fn look_at(
        &mut self,
        world: &World,
        sessions: &Sessions<'_>,
    ) -> Result<(), Failed> {
        for nth in 0..sessions.started() {
            self.sessions += 1;
            match sessions.fate(nth).await? {
                Fate::Complete => {
                    self.complete += 1;
                    self.messages += Sessions::messages(nth);
                }
                Fate::Ended(ending) => {
                    eprintln!("{}: {ending}", Sessions::key(nth));
                    self.wrong += 1;
                }
                Fate::Open => self.without_ending += 1,
                Fate::Gone => self.gone += 1,
            }
        }
        self.rows_left = world.rows_left().await?;
        self.other_clocks = world.with_other_clocks();
        self.notes = world.notes()?;
        Ok(())
    }
}

fn below(plan: &mut Plan, end: usize) -> usize {
    let end = u64::try_from(end).expect("there are not so many");
    usize::try_from(plan.below(end)).expect("there are not so many")
}
