//! What happens once in years, played as a story: the disk is full; a backup is restored; a standby is gone.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use telltale_net::Start;
use telltale_net::engine::{Engine as _, EngineError};
use tokio::time::sleep;

use crate::place::Place;
use crate::process::{LEASE, engine};
use crate::relay;
use crate::run::Report;
use crate::server::Server;
use crate::sessions::{Fate, Sessions, patiently};
use crate::world::{Failed, World};

/// A story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Scenario {
    /// The disk of a server is full for a while, in the middle of sessions.
    DiskFull,
    /// A server is lost with its disk in the middle of sessions, and restored from a backup that was taken while they were under way.
    Restore,
    /// A synchronous standby is gone for a while, and soon after it has come back its primary is lost.
    StandbyGone,
}

/// How a story has ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What happened, for people.
    pub story: Vec<String>,
    /// What was expected and has not come; nothing, if all is well.
    pub broken: Vec<String>,
}

/// How many sessions are under way at a time.
const AT_ONCE: usize = 30;

impl Scenario {
    /// Plays it. Why not, where something is missing that it needs.
    ///
    /// # Errors
    ///
    /// When servers or processes cannot be started, or the engine cannot do what it is asked.
    pub async fn play(self, program: PathBuf) -> Result<Result<Outcome, &'static str>, Failed> {
        match self {
            Self::DiskFull => disk_full(program).await,
            Self::Restore => restore(program).await,
            Self::StandbyGone => standby_gone().await,
        }
    }
}

/// A small disk.
struct Disk(PathBuf);

impl Disk {
    /// Nothing, where one may not have one.
    fn new() -> io::Result<Option<Self>> {
        let folder = std::env::temp_dir().join(format!("telltale-disk-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=200M,mode=0777", "tmpfs"]).arg(&folder);
        let disk = Self(folder);
        Ok(mount.output()?.status.success().then_some(disk))
    }

    fn balloon(&self) -> PathBuf {
        self.0.join("balloon")
    }

    /// Leaves no room.
    fn fill(&self) -> io::Result<()> {
        let mut balloon = fs::File::options().create(true).append(true).open(self.balloon())?;
        for size in [1 << 20, 1 << 12, 1] {
            let piece = vec![0; size];
            while balloon.write_all(&piece).is_ok() {}
        }
        Ok(())
    }

    fn free(&self) -> io::Result<()> {
        fs::remove_file(self.balloon())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Where there was none, there is nothing to let go of.
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
        let _ = fs::remove_dir(&self.0);
    }
}

async fn disk_full(program: PathBuf) -> Result<Result<Outcome, &'static str>, Failed> {
    let Some(disk) = Disk::new()? else { return Ok(Err("a disk of 200 MB may not be mounted")) };
    let small = "min_wal_size = 32MB\nmax_wal_size = 32MB\nrestart_after_crash = on\n";
    let Some(server) = Server::start_in(&disk.0, small)? else {
        return Ok(Err("PostgreSQL is not installed"));
    };
    let mut world = World::new(vec![Place::of(server)?], program, None)?;
    let engine = world.engine().await?;
    world.spawn_all(2)?;
    let sessions = Sessions::on(&engine);
    let mut story = Vec::new();
    let script = async {
        sleep(Duration::from_secs(4)).await;
        let before = sessions.started();
        story.push(format!("{before} sessions were started before the disk was full"));
        disk.fill()?;
        let mut steps = 0;
        for _ in 0..8 {
            // Whatever the server gives back is taken at once.
            sleep(Duration::from_secs(1)).await;
            disk.fill()?;
            steps = world.notes()?.steps;
        }
        let during = sessions.started() - before;
        story.push(format!("{during} while it was, for 8 s"));
        story.push(format!("{steps} steps were written down until then"));
        disk.free()?;
        let server = world.places[0].primary();
        if server.has_ended()? {
            story.push("the server gave up, and was started again".to_owned());
            server.run()?;
        }
        Ok::<_, Failed>(steps)
    };
    let stop = Instant::now() + Duration::from_secs(20);
    let (started, steps) = tokio::join!(sessions.start(AT_ONCE, stop), script);
    let steps = steps?;
    started?;
    let mut report = Report::default();
    report.look_at(&world, &sessions).await?;
    let mut broken = all_complete(&report);
    if !world.places[0].primary().log()?.contains("No space left on device") {
        broken.push("the disk was never full".to_owned());
    }
    if report.notes.steps <= steps {
        broken.push("nothing goes on after it was full".to_owned());
    }
    drop(world);
    story.push(in_words(&report));
    Ok(Ok(Outcome { story, broken }))
}

async fn restore(program: PathBuf) -> Result<Result<Outcome, &'static str>, Failed> {
    let Some(place) = Place::start(false)? else { return Ok(Err("PostgreSQL is not installed")) };
    let mut world = World::new(vec![place], program, None)?;
    let engine = world.engine().await?;
    world.spawn_all(2)?;
    let sessions = Sessions::on(&engine);
    let mut story = Vec::new();
    let script = async {
        sleep(Duration::from_secs(4)).await;
        // Those that were started before it was begun are in it.
        let in_backup = sessions.started();
        let backup = world.places[0].primary().back_up()?;
        let at_backup = sessions.started();
        story.push(format!("{in_backup} sessions were started before the backup was taken"));
        sleep(Duration::from_secs(4)).await;
        // What processes remember is not what the backup has, so they end with the server.
        world.kill_all();
        world.places[0].primary().kill()?;
        story.push(format!("{} before the server was lost", sessions.started()));
        world.places[0].primary().restore(backup)?;
        world.spawn_all(2)?;
        Ok::<_, Failed>((in_backup, at_backup))
    };
    let stop = Instant::now() + Duration::from_secs(16);
    let (started, script) = tokio::join!(sessions.start(AT_ONCE, stop), script);
    let (in_backup, at_backup) = script?;
    started?;
    let mut report = Report::default();
    report.look_at(&world, &sessions).await?;
    let mut broken = Vec::new();
    let last = sessions.started();
    for nth in (0..in_backup).chain(last.saturating_sub(1)..last) {
        if !matches!(sessions.fate(nth).await?, Fate::Complete) {
            broken.push(format!("{} is not complete", Sessions::key(nth)));
        }
    }
    let (known, wrong) = (report.complete + report.gone, report.wrong + report.without_ending);
    if wrong > 0 || known != report.sessions || report.rows_left != 0 {
        broken.push("a session that the database knows is not complete".to_owned());
    }
    if report.gone == 0 {
        broken.push("nothing was lost with the server".to_owned());
    }
    story.push(format!(
        "{} sessions are gone, which were started after {in_backup} to {at_backup} others",
        report.gone
    ));
    story.push(in_words(&report));
    Ok(Ok(Outcome { story, broken }))
}

async fn standby_gone() -> Result<Result<Outcome, &'static str>, Failed> {
    let Some(mut place) = Place::start(true)? else {
        return Ok(Err("PostgreSQL is not installed"));
    };
    let engine = engine(&[place.url()])?;
    engine.migrate().await?;
    let (mut story, mut broken) = (Vec::new(), Vec::new());
    let start = async |name: &str| {
        Start::of(&relay::relay::IMAGE).called(name.to_owned()).on(&engine).await
    };
    start("before").await?;
    standby_of(&mut place)?.kill()?;
    for _ in 0..2 {
        let started = start("meanwhile").await;
        story.push(format!("without a standby, starting a session gives: {started:?}"));
        if !matches!(started, Err(EngineError::Lost(_))) {
            broken.push("what is on one disk only was said to be safe".to_owned());
        }
        sleep(LEASE).await;
    }
    if engine.ending(&"meanwhile".into()).await.is_ok() {
        broken.push("what is on one disk only was seen".to_owned());
    }
    standby_of(&mut place)?.run()?;
    let meanwhile = patiently(async || start("meanwhile").await).await;
    story.push(format!("with a standby again: {meanwhile:?}"));
    if !matches!(meanwhile, Ok(()) | Err(EngineError::SessionExists(_))) {
        broken.push("nothing goes on with a standby".to_owned());
    }
    place.fail_over()?;
    story.push("the primary is lost, and the standby has its place".to_owned());
    for name in ["before", "meanwhile"] {
        let ending = patiently(async || engine.ending(&name.into()).await).await;
        if !matches!(ending, Ok(None)) {
            broken.push(format!("the session `{name}` was said to be there: {ending:?}"));
        }
    }
    Ok(Ok(Outcome { story, broken }))
}

fn standby_of(place: &mut Place) -> io::Result<&mut Server> {
    place.standby().ok_or_else(|| io::Error::other("it has a standby"))
}

fn in_words(report: &Report) -> String {
    format!("{} sessions, of which {} are complete", report.sessions, report.complete)
}

fn all_complete(report: &Report) -> Vec<String> {
    if report.holds() { Vec::new() } else { vec!["a session is not complete".to_owned()] }
}
