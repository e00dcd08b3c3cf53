//! Ping-pong with generated role objects.

use telltale_vm::{HandlerResult, Recording, VM, VMConfig, choreography};

choreography! {
    protocol PingPong(Alice, Bob) {
        loop {
            Alice -> Bob: Ping(u64);
            Bob -> Alice: Pong(u64);
        }
    }
}

/// Plays either role with the same state as the handlers of the other versions.
#[derive(Default)]
struct Player {
    next: u64,
    sum: u64,
}

impl Player {
    fn take(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    fn add(&mut self, n: u64) {
        self.sum = self.sum.wrapping_add(n);
    }
}

impl ping_pong::Alice for Player {
    fn ping(&mut self) -> HandlerResult<u64> {
        Ok(self.take())
    }

    fn on_pong(&mut self, pong: u64) -> HandlerResult<()> {
        self.add(pong);
        Ok(())
    }
}

impl ping_pong::Bob for Player {
    fn on_ping(&mut self, ping: u64) -> HandlerResult<()> {
        self.add(ping);
        Ok(())
    }

    fn pong(&mut self) -> HandlerResult<u64> {
        Ok(self.take())
    }
}

/// A VM with so many sessions.
pub fn vm(sessions: usize) -> VM {
    let mut vm = VM::new(VMConfig { recording: Recording::Off, ..VMConfig::default() });
    for _ in 0..sessions {
        ping_pong::open_detached(&mut vm, Player::default(), Player::default()).expect("room");
    }
    vm
}
