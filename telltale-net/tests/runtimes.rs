//! The same code under every runtime, and under none.

use telltale_net::{Host, HostConfig};
use telltale_vm::{SessionError, VMConfig, choreography};

choreography! {
    #[endpoints]
    pub protocol Count(Client, Server) {
        loop {
            choice Next at Client {
                Client -> Server: Number(u64);
                Server -> Client: Sum(u64);
            } or {
                Client -> Server: Stop;
                Server -> Client: Total(u64);
                break;
            }
        }
    }
}

use count::{client, server};

async fn ask(mut me: client::Next, numbers: u64) -> Result<u64, SessionError> {
    for number in 1..=numbers {
        let (sum, next) = me.number(number).await?.sum().await?;
        assert_eq!(sum, number * (number + 1) / 2);
        me = next;
    }
    let (total, me) = me.stop().await?.total().await?;
    me.close();
    Ok(total)
}

async fn add(mut me: server::Next) -> Result<(), SessionError> {
    let mut sum = 0;
    loop {
        match me.next().await? {
            server::NextBranch::Number(number, next) => {
                sum += number;
                me = next.sum(sum).await?;
            }
            server::NextBranch::Stop(next) => {
                next.total(sum).await?.close();
                return Ok(());
            }
        }
    }
}

const NUMBERS: u64 = 50;
const TOTAL: u64 = NUMBERS * (NUMBERS + 1) / 2;

#[test]
fn one_thread_for_each() {
    let host = Host::new();
    let roles = count::endpoints(&host).expect("there is room");
    let server = std::thread::spawn(|| pollster::block_on(add(roles.server)));
    assert_eq!(pollster::block_on(ask(roles.client, NUMBERS)), Ok(TOTAL));
    server.join().expect("no panic").expect("nobody gives up");
    assert_eq!(host.open_sessions(), 0);
}

#[tokio::test]
async fn tokio_on_one_thread() {
    with_tokio(100).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tokio_on_several_threads() {
    with_tokio(200).await;
}

async fn with_tokio(sessions: usize) {
    // Few shards, so that threads do meet.
    let vm = VMConfig { capacity: 1, ..HostConfig::default().vm };
    let host = Host::with(HostConfig { shards: 2, vm });
    let mut clients = Vec::new();
    for _ in 0..sessions {
        let roles = count::endpoints(&host).expect("there is room");
        tokio::spawn(async { add(roles.server).await.expect("nobody gives up") });
        clients.push(tokio::spawn(ask(roles.client, NUMBERS)));
    }
    for client in clients {
        assert_eq!(client.await.expect("no panic"), Ok(TOTAL));
    }
    assert_eq!(host.open_sessions(), 0);
}

#[test]
fn smol_on_several_threads() {
    let host = Host::new();
    smol::block_on(async {
        let mut clients = Vec::new();
        for _ in 0..100 {
            let roles = count::endpoints(&host).expect("there is room");
            smol::spawn(async { add(roles.server).await.expect("nobody gives up") }).detach();
            clients.push(smol::spawn(ask(roles.client, NUMBERS)));
        }
        for client in clients {
            assert_eq!(client.await, Ok(TOTAL));
        }
    });
}

/// A time-out belongs to the runtime: when it has come, the future is dropped, and with it the endpoint.
#[tokio::test(start_paused = true)]
async fn whoever_waits_too_long_gives_up() {
    let host = Host::new();
    let roles = count::endpoints(&host).expect("there is room");
    let asks = tokio::time::timeout(std::time::Duration::from_secs(5), ask(roles.client, 1));
    asks.await.expect_err("nobody answers");
    let error = add(roles.server).await.expect_err("the client has gone");
    assert_eq!(error.to_string(), "the session was cancelled: `client::Sum` was dropped");
}

/// Nothing is lost when `ready` is dropped, so it can be one of several things that are waited for.
#[tokio::test(start_paused = true)]
async fn ready_beside_something_else() {
    let host = Host::new();
    let roles = count::endpoints(&host).expect("there is room");
    let server = tokio::spawn(async move {
        let (mut me, mut ticks) = (roles.server, 0);
        let mut clock = tokio::time::interval(std::time::Duration::from_secs(1));
        loop {
            tokio::select! {
                _ = clock.tick() => ticks += 1,
                is_ready = me.ready() => {
                    is_ready?;
                    break;
                }
            }
        }
        add(me).await.map(|()| ticks)
    });
    tokio::time::sleep(std::time::Duration::from_millis(4_500)).await;
    assert_eq!(ask(roles.client, 3).await, Ok(6));
    assert_eq!(server.await.expect("no panic"), Ok(5));
}
