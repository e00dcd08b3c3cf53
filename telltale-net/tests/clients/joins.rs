//! Who gets a seat, and who does not.

use std::future::pending;
use std::time::Duration;

use telltale_net::engine::memory::Memory;
use telltale_net::engine::{Engine, EngineError};
use telltale_net::{Client, ClientConfig, JoinError, Ticket};
use tokio::time;

use super::scene::{Failed, client, counting, greeting, quick, start};

/// A ticket as somebody makes one up.
fn forged(ticket: &Ticket) -> Ticket {
    let text = ticket.to_text();
    let (_, rest) = text.split_once('.').expect("secret, role and session");
    Ticket::from_text(&format!("{:032x}.{rest}", 7)).expect("it looks like a ticket")
}

#[tokio::test]
async fn a_seat_is_for_one() -> Result<(), Failed> {
    let engine = Memory::new();
    let (key, tickets) = start(&greeting::IMAGE, &engine).await;
    let ((first, _), (second, _)) = (client(&engine, quick()), client(&engine, quick()));
    let me = greeting::ann::join(&first, &tickets[0]).await?;
    for client in [&first, &second] {
        let refused = greeting::ann::join(client, &tickets[0]).await.expect_err("it is taken");
        assert!(matches!(refused, JoinError::SeatTaken { .. }), "{refused}");
    }
    let me = me.hello("still here".to_owned()).await?;
    let refused = greeting::ben::join(&second, &forged(&tickets[1])).await;
    let refused = refused.expect_err("it is no ticket");
    assert!(matches!(refused, JoinError::Engine(EngineError::NoSeat { .. })), "{refused}");
    let refused = greeting::ben::join(&second, &tickets[0]).await.expect_err("it is Ann's");
    assert_eq!(refused.to_string(), format!("the ticket is for role 0 of `{key}`, and not for 1"));
    let (_, foreign) = start(&counting::IMAGE, &engine).await;
    let refused = greeting::ben::join(&second, &foreign[1]).await.expect_err("it is another's");
    assert!(matches!(refused, JoinError::Engine(EngineError::WrongProtocol { .. })), "{refused}");
    // None of them has disturbed anybody.
    let (words, ben) = greeting::ben::join(&second, &tickets[1]).await?.hello().await?;
    assert_eq!(words, "still here");
    ben.welcome(1).await?.close();
    assert_eq!(me.welcome().await?.0, 1);
    assert_eq!((first.seats(), second.seats()), (0, 0));
    Ok(())
}

#[tokio::test]
async fn a_session_that_has_ended_has_no_seats() -> Result<(), Failed> {
    let engine = Memory::new();
    let (client, _) = client(&engine, quick());
    let (key, tickets) = start(&greeting::IMAGE, &engine).await;
    engine.cancel(&key, "it rains").await?;
    let refused = greeting::ann::join(&client, &tickets[0]).await.expect_err("it has ended");
    assert_eq!(
        refused.to_string(),
        format!("the session `{key}` has ended: it was cancelled: it rains")
    );
    Ok(())
}

#[tokio::test]
async fn nobody_waits_for_a_client_that_is_not_at_work() -> Result<(), Failed> {
    let engine = Memory::new();
    let (_, tickets) = start(&greeting::IMAGE, &engine).await;
    let client = Client::new(engine.clone());
    let refused = greeting::ann::join(&client, &tickets[0]).await.expect_err("nobody works");
    assert!(matches!(refused, JoinError::NotRunning), "{refused}");
    let first = client.run(time::sleep, pending());
    let second = client.run(time::sleep, pending()).await;
    assert_eq!(second.expect_err("one is enough").to_string(), "the client is at work already");
    drop(first);
    let refused = greeting::ann::join(&client, &tickets[0]).await.expect_err("nobody works");
    assert!(matches!(refused, JoinError::NotRunning), "{refused}");
    // Nothing has happened to the seat, so it can be had.
    tokio::spawn(client.run(time::sleep, pending()));
    let _me = greeting::ann::join(&client, &tickets[0]).await?.hello("now".to_owned()).await?;
    Ok(())
}

/// Whoever waits for a seat can give up: the seat is there for another.
#[tokio::test]
async fn joining_can_be_given_up() -> Result<(), Failed> {
    let engine = Memory::new();
    let (_, tickets) = start(&greeting::IMAGE, &engine).await;
    let client = Client::with(engine.clone(), ClientConfig::default());
    let work = client.run(time::sleep, pending());
    let joins = greeting::ann::join(&client, &tickets[0]);
    assert!(time::timeout(Duration::from_millis(5), joins).await.is_err(), "nobody works yet");
    tokio::spawn(work);
    while client.seats() > 0 {
        tokio::task::yield_now().await;
    }
    let _me = greeting::ann::join(&client, &tickets[0]).await?.hello("now".to_owned()).await?;
    Ok(())
}

/// Somebody makes up a ticket for a seat that is played, by the same client and while something happens.
#[tokio::test]
async fn a_wrong_ticket_disturbs_nobody_who_has_the_right_one() -> Result<(), Failed> {
    let engine = Memory::new();
    let (client, _) = client(&engine, quick());
    let (_, tickets) = start(&greeting::IMAGE, &engine).await;
    let ben = greeting::ben::join(&client, &tickets[1]).await?;
    for _ in 0..50 {
        let (_, others) = start(&greeting::IMAGE, &engine).await;
        let forged = forged(&tickets[1]);
        let (refused, other) = tokio::join!(
            greeting::ben::join(&client, &forged),
            greeting::ann::join(&client, &others[0]),
        );
        let refused = refused.expect_err("it is no ticket");
        assert!(matches!(refused, JoinError::Engine(EngineError::NoSeat { .. })), "{refused}");
        drop(other?);
    }
    let ann = greeting::ann::join(&client, &tickets[0]).await?;
    let ann = ann.hello("hi".to_owned()).await?;
    ben.hello().await?.1.welcome(1).await?.close();
    assert_eq!(ann.welcome().await?.0, 1);
    Ok(())
}
