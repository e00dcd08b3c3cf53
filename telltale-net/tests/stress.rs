//! Many threads on few machines, while tasks give up at any time: whoever is left ends all the same.

use std::time::Duration;

use telltale_net::{Host, HostConfig};
use telltale_vm::{SessionError, VMConfig, choreography};
use tokio::time::timeout;

choreography! {
    #[endpoints]
    pub protocol Ring(A, B, C) {
        loop {
            choice Next at A {
                A -> B: Token(u64);
                B -> C: Token(u64);
                C -> A: Token(u64);
            } or {
                A -> B: Stop;
                B -> C: Stop;
                break;
            }
        }
    }
}

use ring::{a, b, c};

async fn first(mut me: a::Next, rounds: u64) -> Result<u64, SessionError> {
    let mut token = 0;
    for _ in 0..rounds {
        (token, me) = me.token(token + 1).await?.token().await?;
    }
    me.stop().await?.close();
    Ok(token)
}

async fn second(mut me: b::Next) -> Result<u64, SessionError> {
    let mut last = 0;
    loop {
        match me.next().await? {
            b::NextBranch::Token(token, next) => {
                last = token;
                me = next.token(token + 1).await?;
            }
            b::NextBranch::Stop(next) => {
                next.stop().await?.close();
                return Ok(last);
            }
        }
    }
}

async fn third(mut me: c::Next) -> Result<u64, SessionError> {
    let mut last = 0;
    loop {
        match me.next().await? {
            c::NextBranch::Token(token, next) => {
                last = token;
                me = next.token(token + 1).await?;
            }
            c::NextBranch::Stop(next) => {
                next.close();
                return Ok(last);
            }
        }
    }
}

const ROUNDS: u64 = 20;

/// How a role has ended: it was cut off, or it says how.
type End = Option<Result<u64, SessionError>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_waits_for_ever() {
    let vm = VMConfig { capacity: 1, ..HostConfig::default().vm };
    let host = Host::with(HostConfig { shards: 2, vm });
    let mut sessions = Vec::new();
    for nth in 0..600_u64 {
        let roles = ring::endpoints(&host).expect("there is room");
        // Of two sessions one loses a role, sooner or later.
        let patience = |role: u64| {
            let is_cut = nth % 2 == 0 && nth / 2 % 3 == role;
            Duration::from_micros(if is_cut { nth * 20 } else { 60_000_000 })
        };
        let [a, b, c] = [0, 1, 2].map(patience);
        let a = tokio::spawn(async move { timeout(a, first(roles.a, ROUNDS)).await.ok() });
        let b = tokio::spawn(async move { timeout(b, second(roles.b)).await.ok() });
        let c = tokio::spawn(async move { timeout(c, third(roles.c)).await.ok() });
        sessions.push([a, b, c]);
    }
    let mut complete = 0;
    for (nth, session) in sessions.into_iter().enumerate() {
        let mut ends: Vec<End> = Vec::new();
        for role in session {
            ends.push(role.await.expect("no panic"));
        }
        let expected = [ROUNDS * 3, ROUNDS * 3 - 2, ROUNDS * 3 - 1].map(|last| Some(Ok(last)));
        if ends == expected {
            complete += 1;
            continue;
        }
        assert_eq!(nth % 2, 0, "everybody was patient: {ends:?}");
        for (role, end) in ends.iter().enumerate() {
            match end {
                None => assert_eq!(nth / 2 % 3, role, "{ends:?}"),
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    let dropped = ["a::", "b::", "c::"][nth / 2 % 3];
                    let text = error.to_string();
                    assert!(
                        text.starts_with(&format!("the session was cancelled: `{dropped}")),
                        "{text}"
                    );
                }
            }
        }
    }
    assert!(complete >= 300, "{complete}");
    assert_eq!(host.open_sessions(), 0);
}
