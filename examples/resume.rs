//! A session survives its process.
//!
//! The process starts itself once more to do the work, and kills that again and again with `SIGKILL`, at moments that nobody knows
//! before. Each worker goes on from the last snapshot that the one before it has written. In the end every parcel has arrived once, in order, and the
//! trace is that of a run that nobody has interrupted.
//!
//! ```text
//! cargo run --example resume
//! ```

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{env, fs, process};

use serde::{Deserialize, Serialize};
use telltale_vm::snapshot::Snapshot;
use telltale_vm::{HandlerResult, NoHandler, Progress, Session, VM, VMConfig, choreography};

choreography! {
    #[serde]
    pub protocol Delivery(Sender, Carrier, Recipient) {
        loop {
            choice Next at Sender {
                Sender -> Carrier: Parcel(Parcel);
                Carrier -> Recipient: Handed(Parcel);
                Recipient -> Sender: Receipt(u32);
            } or {
                Sender -> Carrier, Recipient: Closed;
                break;
            }
        }
    }
}

use delivery::Next;

/// Something that is neither number nor text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parcel {
    number: u32,
    inside: Vec<String>,
}

const PARCELS: u32 = 60;

/// How often the work is interrupted.
const KILLS: usize = 5;

#[derive(Default, Serialize, Deserialize)]
struct Sender {
    sent: u32,
    receipts: Vec<u32>,
}

impl delivery::Sender for Sender {
    fn next(&mut self) -> HandlerResult<Next> {
        if self.sent == PARCELS {
            return Ok(Next::Closed);
        }
        self.sent += 1;
        let inside = vec![format!("book {}", self.sent), "a card".to_owned()];
        Ok(Next::Parcel(Parcel { number: self.sent, inside }))
    }
    fn on_receipt(&mut self, number: u32) -> HandlerResult<()> {
        self.receipts.push(number);
        Ok(())
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Carrier {
    carries: Option<Parcel>,
}

impl delivery::Carrier for Carrier {
    fn on_parcel(&mut self, parcel: Parcel) -> HandlerResult<()> {
        self.carries = Some(parcel);
        Ok(())
    }
    fn handed(&mut self) -> HandlerResult<Parcel> {
        self.carries.take().ok_or_else(|| "a parcel is lost".into())
    }
    fn on_closed(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Recipient {
    parcels: Vec<Parcel>,
}

impl delivery::Recipient for Recipient {
    fn on_handed(&mut self, parcel: Parcel) -> HandlerResult<()> {
        self.parcels.push(parcel);
        Ok(())
    }
    fn receipt(&mut self) -> HandlerResult<u32> {
        self.parcels.last().map(|parcel| parcel.number).ok_or_else(|| "nothing has come".into())
    }
    fn on_closed(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

type Roles = delivery::Roles<Sender, Carrier, Recipient>;

fn main() -> Result<(), Box<dyn Error>> {
    match env::args_os().nth(1) {
        Some(file) => work(Path::new(&file)),
        None => interrupt(),
    }
}

/// Lets others do the work, and kills them.
fn interrupt() -> Result<(), Box<dyn Error>> {
    let file = env::temp_dir().join(format!("telltale-resume-{}", process::id()));
    for _ in 0..KILLS {
        let mut worker = worker(&file)?.stdout(Stdio::null()).spawn()?;
        // Later than this worker's first snapshot, so that the next one has something to go on with.
        let before = fs::read(&file).ok();
        while fs::read(&file).ok() == before && worker.try_wait()?.is_none() {
            sleep(Duration::from_millis(1));
        }
        sleep(Duration::from_micros(u64::from(by_chance()) % 20_000));
        worker.kill()?;
        worker.wait()?;
    }
    println!("killed {KILLS} times");
    let status = worker(&file)?.status()?;
    fs::remove_file(&file)?;
    if status.success() { Ok(()) } else { Err("the last worker has not come to its end".into()) }
}

fn worker(file: &Path) -> Result<Command, Box<dyn Error>> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(file);
    Ok(command)
}

/// A number that nobody knows before.
fn by_chance() -> u32 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.subsec_nanos())
}

/// Goes on with what is in the file, or begins, and writes a snapshot after every step.
fn work(file: &Path) -> Result<(), Box<dyn Error>> {
    let (mut vm, session) = match fs::read(file) {
        Ok(bytes) => resume(&bytes)?,
        Err(_) => begin()?,
    };
    while vm.progress() != Progress::Complete {
        vm.run(&NoHandler, 1)?;
        write(&vm, session, file)?;
        sleep(Duration::from_millis(1));
    }

    let (mut other, same) = begin()?;
    while other.progress() != Progress::Complete {
        other.run(&NoHandler, 1)?;
    }
    let is_same = vm.trace() == other.trace();
    let (roles, expected) = (session.into_roles(&mut vm)?, same.into_roles(&mut other)?);
    let is_all = roles.sender.receipts.iter().copied().eq(1..=PARCELS)
        && roles.recipient.parcels == expected.recipient.parcels;
    println!("every parcel has arrived once, in order: {is_all}");
    println!("the trace is that of a run that nobody has interrupted: {is_same}");
    Ok(())
}

fn begin() -> Result<(VM, Session<Roles>), Box<dyn Error>> {
    // Little happens in a round, so that there are many moments at which the process can die.
    let mut vm = VM::new(VMConfig { quantum: 2, ..VMConfig::default() });
    let roles = delivery::Roles {
        sender: Sender::default(),
        carrier: Carrier::default(),
        recipient: Recipient::default(),
    };
    let session = roles.open(&mut vm)?;
    Ok((vm, session))
}

fn resume(bytes: &[u8]) -> Result<(VM, Session<Roles>), Box<dyn Error>> {
    let snapshot = Snapshot::from_bytes(bytes)?;
    let roles: Roles = snapshot.roles(0)?;
    let mut vm = snapshot.resume([&delivery::IMAGE])?;
    let session = vm.session_numbered(0)?;
    let session = roles.attach(&mut vm, session)?;
    Ok((vm, session))
}

/// At every moment there is a whole snapshot under the name of the file.
fn write(vm: &VM, session: Session<Roles>, file: &Path) -> Result<(), Box<dyn Error>> {
    let mut snapshot = vm.snapshot()?;
    snapshot.keep_roles(vm, session)?;
    let mut new = PathBuf::from(file);
    new.set_extension("new");
    fs::write(&new, snapshot.to_bytes())?;
    fs::rename(new, file)?;
    Ok(())
}
