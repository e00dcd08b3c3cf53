//! The smallest protocol with a choice, and all that becomes of it: types, bytecode, trace.
//!
//! ```text
//! cargo run --example ping_pong
//! ```

use std::error::Error;

use telltale_vm::{HandlerResult, NoHandler, VM, choreography, normalize_trace};

choreography! {
    /// The ball goes to and fro until one player has had enough.
    pub protocol PingPong(Server, Returner) {
        loop {
            choice Play at Server {
                Server -> Returner: Ping(u32);
                Returner -> Server: Pong(u32);
            } or {
                Server -> Returner: Enough;
                break;
            }
        }
    }
}

use ping_pong::Play;

/// Plays a number of balls, each one faster than it came back.
struct Server {
    balls: u32,
    speed: u32,
}

impl ping_pong::Server for Server {
    fn play(&mut self) -> HandlerResult<Play> {
        if self.balls == 0 {
            return Ok(Play::Enough);
        }
        self.balls -= 1;
        Ok(Play::Ping(self.speed + 7))
    }
    fn on_pong(&mut self, pong: u32) -> HandlerResult<()> {
        self.speed = pong;
        Ok(())
    }
}

/// Gives every ball back a little slower.
#[derive(Default)]
struct Returner {
    speed: u32,
    fastest: u32,
}

impl ping_pong::Returner for Returner {
    fn on_ping(&mut self, ping: u32) -> HandlerResult<()> {
        self.speed = ping;
        self.fastest = self.fastest.max(ping);
        Ok(())
    }
    fn pong(&mut self) -> HandlerResult<u32> {
        Ok(self.speed - 3)
    }
    fn on_enough(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let image = &ping_pong::IMAGE;
    println!("The protocol, seen from above:\n\n  {}\n", image.global_type);
    println!("The part of each role:\n");
    for (role, local_type) in image.local_types.iter() {
        println!("  {role}: {local_type}");
    }
    println!("\nThe bytecode, which is in the read-only data of this binary:\n");
    for line in image.to_string().lines() {
        println!("  {line}");
    }

    let mut vm = VM::default();
    let server = Server { balls: 3, speed: 20 };
    let session = ping_pong::Roles { server, returner: Returner::default() }.open(&mut vm)?;
    vm.run(&NoHandler, 1_000)?;

    // In a normal form, which is the same whoever ran first.
    println!("\nWhat happened, and how many steps had to come before (`!` sends, `?` receives):\n");
    for event in normalize_trace(&vm.trace()) {
        println!("  {:>2}  {event}", event.tick);
    }
    let roles = session.into_roles(&mut vm)?;
    println!("\nThe fastest ball came at {} km/h.", roles.returner.fastest);
    Ok(())
}
