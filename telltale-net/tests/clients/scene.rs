//! A protocol with an answer, a stream, lanes and a silent end; and clients that play it.

use std::future::pending;
use std::time::Duration;

use telltale_net::engine::memory::Memory;
use telltale_net::{Client, ClientConfig, SessionKey, Start, Ticket};
use telltale_vm::choreography;
use tokio::task::JoinHandle;
use tokio::time;

choreography! {
    #[serde]
    #[endpoints]
    pub(super) protocol Greeting(Ann, Ben) {
        Ann -> Ben: Hello(String);
        Ben -> Ann: Welcome(u64);
    }

    /// Ann may send as long as she likes, and asks now and then how much has come.
    #[serde]
    #[endpoints]
    #[allow(silent_end)]
    pub(super) protocol Counting(Ann, Ben, Cas) {
        loop {
            choice Next at Ann {
                Ann -> Ben: Number(u64);
            } or {
                Ann -> Ben: Ask;
                Ben -> Ann: Sum(u64);
            } or {
                Ann -> Ben: Tell;
                Ben -> Cas: Sum(u64);
            } or {
                Ann -> Ben: Stop;
                break;
            }
        }
    }

    #[serde]
    #[endpoints]
    pub(super) protocol BothWays(Ann, Ben) {
        par {
            Ann -> Ben: Left(u64);
            Ben -> Ann: LeftBack(u64);
        } and {
            Ben -> Ann: Right(u64);
            Ann -> Ben: RightBack(u64);
        }
        Ann -> Ben: Done(u64);
    }
}

pub(super) type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Looks often.
pub(super) fn quick() -> ClientConfig {
    ClientConfig { poll: Duration::from_millis(2), ..ClientConfig::default() }
}

/// A client at work.
pub(super) fn client(engine: &Memory, config: ClientConfig) -> (Client<Memory>, JoinHandle<()>) {
    let client = Client::with(engine.clone(), config);
    let work = client.run(time::sleep, pending());
    (client, tokio::spawn(async move { work.await.expect("the engine works") }))
}

/// A session whose roles all have tickets.
pub(super) async fn start(
    image: &telltale_vm::loader::CodeImage,
    engine: &Memory,
) -> (SessionKey, Vec<Ticket>) {
    let roles = image.names().roles().map(|(_, name)| name);
    let start = roles.fold(Start::of(image), Start::with_ticket_for);
    loop {
        match start.on(engine).await {
            Ok(()) | Err(telltale_net::engine::EngineError::SessionExists(_)) => break,
            // Faults are made for others.
            Err(_) => {}
        }
    }
    (start.key().clone(), start.tickets())
}

/// Plays Ben of `Counting` to its end; gives the sum.
pub(super) async fn add_up(client: &Client<Memory>, ticket: &Ticket) -> Result<u64, Failed> {
    let mut me = counting::ben::join(client, ticket).await?;
    let mut sum = 0;
    loop {
        me = match me.next().await? {
            counting::ben::NextBranch::Number(number, me) => {
                sum += number;
                me
            }
            counting::ben::NextBranch::Ask(me) => me.sum(sum).await?,
            counting::ben::NextBranch::Tell(me) => me.sum(sum).await?,
            counting::ben::NextBranch::Stop(me) => {
                me.close();
                return Ok(sum);
            }
        }
    }
}

/// Plays Cas of `Counting` to its end; gives what it was told.
pub(super) async fn listen(client: &Client<Memory>, ticket: &Ticket) -> Result<Vec<u64>, Failed> {
    let mut me = counting::cas::join(client, ticket).await?;
    let mut heard = Vec::new();
    loop {
        me = match me.next().await? {
            counting::cas::SumBranch::Sum(sum, me) => {
                heard.push(sum);
                me
            }
            counting::cas::SumBranch::End => return Ok(heard),
        }
    }
}
