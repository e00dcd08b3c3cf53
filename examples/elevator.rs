//! An elevator that is called while it runs, and never moves while its door is open.
//!
//! The devices wait for the world: a role that has no answer yet says so, and is woken when the clock has moved on. The `par` has
//! one role in both of its arms: what the cabin is told by the buttons, whenever that is, decides where it goes next.
//!
//! ```text
//! cargo run --example elevator
//! ```

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use telltale_vm::{HandlerError, HandlerResult, NoHandler, Progress, VM, choreography};

choreography! {
    /// The cabin goes to wherever it is called, one floor after the other.
    pub protocol Elevator(Buttons, Cabin, Motor, Door) {
        par {
            loop {
                choice Press at Buttons {
                    Buttons -> Cabin: Call(usize);
                } or
                /// The last guest has gone home.
                {
                    Buttons -> Cabin: Night;
                    break;
                }
            }
        } and {
            loop {
                choice Next at Cabin {
                    Cabin -> Motor: Up;
                    Motor -> Cabin: Arrived;
                } or {
                    Cabin -> Motor: Down;
                    Motor -> Cabin: Arrived;
                } or
                /// Nothing else can be asked of the motor before the door says that it is closed.
                {
                    Cabin -> Door: Open;
                    loop {
                        choice Doorway at Door {
                            Door -> Cabin: Blocked;
                        } or {
                            Door -> Cabin: Closed;
                            break;
                        }
                    }
                } or {
                    Cabin -> Motor, Door: Off;
                    break;
                }
            }
        }
    }
}

use elevator::{Doorway, Next, Press};

const FLOORS: usize = 6;

/// The time in seconds, which all devices see.
#[derive(Clone, Default)]
struct Clock(Arc<AtomicU32>);

impl Clock {
    fn now(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
    fn tick(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
    /// Waits for a moment: whoever asks too early is pending, and is asked again when it is woken.
    fn at(&self, due: u32) -> HandlerResult<()> {
        if self.now() < due { Err(HandlerError::pending()) } else { Ok(()) }
    }
}

/// The buttons of all floors and of the cabin: when which of them is pressed.
struct Buttons {
    clock: Clock,
    presses: &'static [(u32, usize)],
}

impl elevator::Buttons for Buttons {
    fn press(&mut self) -> HandlerResult<Press> {
        let Some((&(due, floor), later)) = self.presses.split_first() else {
            return Ok(Press::Night);
        };
        self.clock.at(due)?;
        self.presses = later;
        Ok(Press::Call(floor))
    }
}

/// Goes on in its direction while somebody waits there, and turns round when somebody waits behind it.
struct Cabin {
    clock: Clock,
    floor: usize,
    goes_up: bool,
    is_open: bool,
    called_to: BTreeSet<usize>,
    is_night: bool,
}

impl Cabin {
    fn say(&self, words: &str) {
        let cabin = if self.is_open { '□' } else { '■' };
        let mark = |floor| match self.called_to.contains(&floor) {
            _ if floor == self.floor => cabin,
            true => '•',
            false => '·',
        };
        let shaft: String = (0..FLOORS).map(mark).collect();
        println!("{:>4} s  {shaft}  {words}", self.clock.now());
    }
    fn is_called_ahead(&self) -> bool {
        let is_ahead = |floor| if self.goes_up { floor > self.floor } else { floor < self.floor };
        self.called_to.iter().any(|&floor| is_ahead(floor))
    }
}

impl elevator::Cabin for Cabin {
    fn on_call(&mut self, floor: usize) -> HandlerResult<()> {
        self.called_to.insert(floor);
        self.say(&format!("called to {floor}"));
        Ok(())
    }
    fn on_night(&mut self) -> HandlerResult<()> {
        self.is_night = true;
        Ok(())
    }
    fn next(&mut self) -> HandlerResult<Next> {
        if self.called_to.remove(&self.floor) {
            self.is_open = true;
            self.say("opens");
            return Ok(Next::Open);
        }
        if self.called_to.is_empty() {
            // Pending: asked again when something has come in the other arm.
            return if self.is_night { Ok(Next::Off) } else { Err(HandlerError::pending()) };
        }
        if !self.is_called_ahead() {
            self.goes_up = !self.goes_up;
        }
        Ok(if self.goes_up { Next::Up } else { Next::Down })
    }
    fn on_arrived(&mut self) -> HandlerResult<()> {
        self.floor = if self.goes_up { self.floor + 1 } else { self.floor - 1 };
        self.say(if self.goes_up { "up" } else { "down" });
        Ok(())
    }
    fn on_blocked(&mut self) -> HandlerResult<()> {
        self.say("somebody is in the door");
        Ok(())
    }
    fn on_closed(&mut self) -> HandlerResult<()> {
        self.is_open = false;
        self.say("closed");
        Ok(())
    }
}

/// Takes two seconds from floor to floor.
struct Motor {
    clock: Clock,
    due: u32,
}

impl elevator::Motor for Motor {
    fn on_up(&mut self) -> HandlerResult<()> {
        self.due = self.clock.now() + 2;
        Ok(())
    }
    fn on_down(&mut self) -> HandlerResult<()> {
        self.on_up()
    }
    fn arrived(&mut self) -> HandlerResult<()> {
        self.clock.at(self.due)
    }
    fn on_off(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

/// Closes after three seconds, unless somebody stands in it then.
struct Door {
    clock: Clock,
    due: u32,
    has_somebody_at: &'static [u32],
}

impl elevator::Door for Door {
    fn on_open(&mut self) -> HandlerResult<()> {
        self.due = self.clock.now() + 3;
        Ok(())
    }
    fn doorway(&mut self) -> HandlerResult<Doorway> {
        self.clock.at(self.due)?;
        if !self.has_somebody_at.contains(&self.due) {
            return Ok(Doorway::Closed);
        }
        self.due += 3;
        Ok(Doorway::Blocked)
    }
    fn on_off(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let clock = Clock::default();
    let roles = elevator::Roles {
        buttons: Buttons {
            clock: clock.clone(),
            presses: &[(1, 3), (2, 5), (4, 0), (8, 4), (40, 1)],
        },
        cabin: Cabin {
            clock: clock.clone(),
            floor: 0,
            goes_up: true,
            is_open: false,
            called_to: BTreeSet::new(),
            is_night: false,
        },
        motor: Motor { clock: clock.clone(), due: 0 },
        door: Door { clock: clock.clone(), due: 0, has_somebody_at: &[10] },
    };
    let mut vm = VM::default();
    let session = roles.open(&mut vm)?;
    while vm.run(&NoHandler, 1_000)? == Progress::Waiting {
        clock.tick();
        for device in ["Buttons", "Motor", "Door"] {
            // An error: the device does not wait for the clock.
            let _ = vm.wake(session.id(), device);
        }
    }
    let cabin = session.into_roles(&mut vm)?.cabin;
    cabin.say("good night");
    Ok(())
}
