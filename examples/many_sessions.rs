//! A hundred thousand sessions of two protocols, all open at once in one VM.
//!
//! On a terminal a progress bar shows how many have ended. The totals are the same every time.
//!
//! ```text
//! cargo run --example many_sessions
//! ```

use std::cmp::Ordering;
use std::error::Error;

use indicatif::{ProgressBar, ProgressStyle};
use telltale_vm::{HandlerResult, NoHandler, Progress, Recording, VM, VMConfig, choreography};

choreography! {
    /// The player finds out the number that the host thinks of.
    pub protocol Guessing(Player, Host) {
        loop {
            Player -> Host: Guess(u32);
            choice Hint at Host {
                Host -> Player: Higher;
            } or {
                Host -> Player: Lower;
            } or {
                Host -> Player: Correct;
                break;
            }
        }
    }

    /// The bank moves money from one customer to another, if there is enough.
    pub protocol Transfer(Payer, Bank, Payee) {
        Payer -> Bank: Order(u64);
        choice Answer at Bank {
            Bank -> Payer: Paid;
            Bank -> Payee: Credit(u64);
        } or {
            Bank -> Payer, Payee: Refused;
        }
    }
}

/// Halves what is left with every guess.
struct Player {
    low: u32,
    high: u32,
    guess: u32,
    guesses: u32,
}

impl guessing::Player for Player {
    fn guess(&mut self) -> HandlerResult<u32> {
        self.guesses += 1;
        self.guess = u32::midpoint(self.low, self.high);
        Ok(self.guess)
    }
    fn on_higher(&mut self) -> HandlerResult<()> {
        self.low = self.guess + 1;
        Ok(())
    }
    fn on_lower(&mut self) -> HandlerResult<()> {
        self.high = self.guess - 1;
        Ok(())
    }
    fn on_correct(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

struct Host {
    number: u32,
    guess: u32,
}

impl guessing::Host for Host {
    fn on_guess(&mut self, guess: u32) -> HandlerResult<()> {
        self.guess = guess;
        Ok(())
    }
    fn hint(&mut self) -> HandlerResult<guessing::Hint> {
        Ok(match self.number.cmp(&self.guess) {
            Ordering::Less => guessing::Hint::Lower,
            Ordering::Equal => guessing::Hint::Correct,
            Ordering::Greater => guessing::Hint::Higher,
        })
    }
}

/// A customer's balance, on either side of a transfer.
struct Account(u64);

impl transfer::Payer for Account {
    fn order(&mut self) -> HandlerResult<u64> {
        Ok(100)
    }
    fn on_paid(&mut self) -> HandlerResult<()> {
        self.0 -= 100;
        Ok(())
    }
    fn on_refused(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

impl transfer::Payee for Account {
    fn on_credit(&mut self, credit: u64) -> HandlerResult<()> {
        self.0 += credit;
        Ok(())
    }
    fn on_refused(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

struct Bank {
    balance: u64,
    order: u64,
}

impl transfer::Bank for Bank {
    fn on_order(&mut self, order: u64) -> HandlerResult<()> {
        self.order = order;
        Ok(())
    }
    fn answer(&mut self) -> HandlerResult<transfer::Answer> {
        let is_enough = self.order <= self.balance;
        Ok(if is_enough { transfer::Answer::Paid } else { transfer::Answer::Refused })
    }
    fn credit(&mut self) -> HandlerResult<u64> {
        Ok(self.order)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    const EACH: u32 = 50_000;
    let mut vm = VM::new(VMConfig { recording: Recording::Off, ..VMConfig::default() });
    let (mut games, mut transfers) = (Vec::new(), Vec::new());
    for nth in 0..EACH {
        let player = Player { low: 1, high: 1_000, guess: 0, guesses: 0 };
        let host = Host { number: nth % 1_000 + 1, guess: 0 };
        games.push(guessing::Roles { player, host }.open(&mut vm)?);
        let balance = u64::from(nth % 400);
        let bank = Bank { balance, order: 0 };
        transfers.push(
            transfer::Roles { payer: Account(balance), bank, payee: Account(0) }.open(&mut vm)?,
        );
    }
    let all = vm.open_sessions();
    println!("{all} sessions are open");

    // Nothing is drawn unless somebody watches.
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} sessions have ended")?;
    let bar = ProgressBar::new(all as u64).with_style(style);
    while vm.step_round(&NoHandler, 1_000)?.progress != Progress::Complete {
        bar.set_position((all - vm.open_sessions()) as u64);
    }
    bar.finish_and_clear();

    let (mut guesses, mut most) = (0, 0);
    for game in games {
        let player = game.into_roles(&mut vm)?.player;
        guesses += player.guesses;
        most = most.max(player.guesses);
    }
    println!("{EACH} games: {guesses} guesses, never more than {most}");

    let (mut paid, mut kept, mut received) = (0, 0, 0);
    for transfer in transfers {
        let roles = transfer.into_roles(&mut vm)?;
        paid += u32::from(roles.payee.0 > 0);
        kept += roles.payer.0;
        received += roles.payee.0;
    }
    println!("{EACH} transfers: {paid} paid, {} refused", EACH - paid);
    println!("{received} received and {kept} kept make {}", received + kept);
    Ok(())
}
