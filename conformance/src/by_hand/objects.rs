//! A game that is played by role objects.

use std::fmt;

use crate::play::ended;
use telltale_vm::{HandlerError, HandlerResult, Outcome, SessionId, VM, VMError, choreography};

choreography! {
    /// The same as [`GAME`](super::parts::GAME).
    pub protocol Game(Ping, Pong) {
        loop {
            choice Next at Ping {
                Ping -> Pong: Ball(u64);
                Pong -> Ping: Ball(u64);
            } or {
                Ping -> Pong: Over(Box<str>);
                break;
            }
        }
    }
}

/// A game with its objects.
pub struct Played {
    /// The session.
    pub id: SessionId,
    /// How many balls are played.
    pub balls: u64,
    /// Gives how it ended and how many balls each of them has seen.
    take: Box<Take>,
}

type Take = dyn FnOnce(&mut VM) -> Result<(Outcome, [u64; 2]), VMError>;

/// Either of those who play.
#[derive(Debug)]
struct Player {
    /// How many balls it has to play.
    balls: u64,
    /// How many balls it has seen.
    seen: u64,
}

/// Opens a game.
///
/// # Errors
///
/// At a limit of the VM.
pub fn open(vm: &mut VM, balls: u64) -> Result<Played, VMError> {
    let player = || Player { balls, seen: 0 };
    let session = game::Roles { ping: player(), pong: player() }.open(vm)?;
    let take = Box::new(move |vm: &mut VM| {
        let (outcome, roles) = ended(session.into_roles(vm))?;
        Ok((outcome, [roles.ping.seen, roles.pong.seen]))
    });
    Ok(Played { id: session.id(), balls, take })
}

impl Played {
    /// Takes the objects back, and looks at them.
    ///
    /// # Errors
    ///
    /// When they have not seen every ball once.
    pub fn check(self, vm: &mut VM) -> Result<(), String> {
        let (outcome, seen) = (self.take)(vm).map_err(|error| error.to_string())?;
        if outcome.is_ok() && seen == [2 * self.balls; 2] {
            Ok(())
        } else {
            Err(format!("a game of {} balls was {outcome:?} after {seen:?}", self.balls))
        }
    }
}

impl Player {
    fn ball(&mut self) -> u64 {
        self.seen += 1;
        self.seen
    }

    fn on_ball(&mut self, ball: u64) -> HandlerResult<()> {
        self.seen += 1;
        if ball == self.seen {
            Ok(())
        } else {
            Err(HandlerError::msg(format!("ball {ball} comes, and not {}", self.seen)))
        }
    }
}

impl game::Ping for Player {
    fn next(&mut self) -> HandlerResult<game::Next> {
        Ok(if self.seen < 2 * self.balls {
            game::Next::Ball(self.ball())
        } else {
            game::Next::Over("over".into())
        })
    }

    fn on_ball(&mut self, ball: u64) -> HandlerResult<()> {
        Self::on_ball(self, ball)
    }
}

impl game::Pong for Player {
    fn on_ball(&mut self, ball: u64) -> HandlerResult<()> {
        Self::on_ball(self, ball)
    }

    fn ball(&mut self) -> HandlerResult<u64> {
        Ok(Self::ball(self))
    }

    fn on_over(&mut self, _: Box<str>) -> HandlerResult<()> {
        Ok(())
    }
}

impl fmt::Debug for Played {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Played({}, {} balls)", self.id, self.balls)
    }
}
