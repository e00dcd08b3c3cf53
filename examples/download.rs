//! A download with credits that can be cancelled: two directions at once between the same two roles.
//!
//! The arms of the `par` share both roles. A role object plays all of its lanes, so what one hears is what
//! another decides by: the server sends while it has credit, and stops when `Cancel` has come.
//!
//! ```text
//! cargo run --example download
//! ```

use std::error::Error;

use telltale_vm::{HandlerError, HandlerResult, choreography};

choreography! {
    /// The server streams a file while the client gives credit, or has had enough.
    pub protocol Download(Client, Server) {
        Client -> Server: Get(String);
        par {
            loop {
                choice Stream at Server {
                    Server -> Client: Data(Vec<u8>);
                } or {
                    Server -> Client: Eof;
                    break;
                } or {
                    Server -> Client: Stopped;
                    break;
                }
            }
        } and {
            loop {
                choice Flow at Client {
                    Client -> Server: Credit(u32);
                } or {
                    Client -> Server: Cancel;
                    break;
                } or {
                    Client -> Server: Enough;
                    break;
                }
            }
        }
        Client -> Server: Bye(u64);
    }
}

use download::{Flow, Stream};

/// Reads until the file is over, or has cost as much as it wants to pay.
struct Client {
    pays_for: u64,
    received: u64,
    /// Pieces that have come and for which no new credit was given.
    to_acknowledge: u32,
    is_over: bool,
}

impl download::Client for Client {
    fn get(&mut self) -> HandlerResult<String> {
        self.to_acknowledge = 2;
        Ok("a long film".to_owned())
    }
    fn on_data(&mut self, data: Vec<u8>) -> HandlerResult<()> {
        println!("  client: {} bytes", data.len());
        self.received += data.len() as u64;
        self.to_acknowledge += 1;
        Ok(())
    }
    fn on_eof(&mut self) -> HandlerResult<()> {
        println!("  client: that was all");
        self.is_over = true;
        Ok(())
    }
    fn on_stopped(&mut self) -> HandlerResult<()> {
        println!("  client: the server has stopped");
        self.is_over = true;
        Ok(())
    }
    fn flow(&mut self) -> HandlerResult<Flow> {
        if self.is_over {
            Ok(Flow::Enough)
        } else if self.received >= self.pays_for {
            println!("  client: cancels");
            Ok(Flow::Cancel)
        } else if self.to_acknowledge > 0 {
            Ok(Flow::Credit(std::mem::take(&mut self.to_acknowledge)))
        } else {
            // Asked again when something has come in the other lane.
            Err(HandlerError::pending())
        }
    }
    fn bye(&mut self) -> HandlerResult<u64> {
        Ok(self.received)
    }
}

/// Sends a piece for each credit.
struct Server {
    pieces: Vec<Vec<u8>>,
    credit: u32,
    is_cancelled: bool,
    client_has: u64,
}

impl download::Server for Server {
    fn on_get(&mut self, get: String) -> HandlerResult<()> {
        println!("  server: somebody wants {get}");
        Ok(())
    }
    fn stream(&mut self) -> HandlerResult<Stream> {
        if self.is_cancelled {
            return Ok(Stream::Stopped);
        }
        if self.credit == 0 {
            // Asked again when a credit has come, or the wish to stop.
            return Err(HandlerError::pending());
        }
        self.credit -= 1;
        Ok(self.pieces.pop().map_or(Stream::Eof, Stream::Data))
    }
    fn on_credit(&mut self, credit: u32) -> HandlerResult<()> {
        self.credit += credit;
        Ok(())
    }
    fn on_cancel(&mut self) -> HandlerResult<()> {
        self.is_cancelled = true;
        Ok(())
    }
    fn on_enough(&mut self) -> HandlerResult<()> {
        Ok(())
    }
    fn on_bye(&mut self, bye: u64) -> HandlerResult<()> {
        self.client_has = bye;
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    for (pays_for, pieces) in [(10_000, 3), (2_500, 1_000)] {
        println!("A film of {pieces} pieces, and {pays_for} bytes are paid for:");
        let client = Client { pays_for, received: 0, to_acknowledge: 0, is_over: false };
        let pieces = vec![vec![0; 700]; pieces];
        let server = Server { pieces, credit: 0, is_cancelled: false, client_has: 0 };
        let roles = download::Roles { client, server }.play()?;
        println!("  The client has {} bytes, and both know it.", roles.server.client_has);
        assert_eq!(roles.client.received, roles.server.client_has);
    }
    Ok(())
}
