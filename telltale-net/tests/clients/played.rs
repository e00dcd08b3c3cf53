//! Sessions come to their ends.

use telltale_net::engine::memory::Memory;
use telltale_net::engine::{Ending, Engine};

use super::scene::{Failed, add_up, both_ways, client, counting, greeting, listen, quick, start};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_sessions_on_two_threads() -> Result<(), Failed> {
    let engine = Memory::new();
    let ((anns, _), (bens, _)) = (client(&engine, quick()), client(&engine, quick()));
    let mut tasks = Vec::new();
    for nth in 0..1_000 {
        let (key, tickets) = start(&greeting::IMAGE, &engine).await;
        let (anns, bens) = (anns.clone(), bens.clone());
        let ann = tickets[0].clone();
        tasks.push(tokio::spawn(async move {
            let me = greeting::ann::join(&anns, &ann).await?;
            let me = me.hello(format!("I am {nth}")).await?;
            let (answer, me) = me.welcome().await?;
            me.close();
            assert_eq!(answer, nth);
            Ok::<_, Failed>(key)
        }));
        tasks.push(tokio::spawn(async move {
            let me = greeting::ben::join(&bens, &tickets[1]).await?;
            let (words, me) = me.hello().await?;
            let nth = words.strip_prefix("I am ").expect("it says who").parse()?;
            me.welcome(nth).await?.close();
            Ok(tickets[1].session().clone())
        }));
    }
    for task in tasks {
        let key = task.await??;
        // Whoever has come to his end need not wait until the others have.
        let ending = engine.ending(&key).await?;
        assert!(matches!(ending, None | Some(Ending::Complete)), "{ending:?}");
    }
    assert_eq!(
        (anns.seats(), bens.seats(), engine.open_sessions(), engine.messages()),
        (0, 0, 0, 0)
    );
    Ok(())
}

/// Whoever can stop where he is learns that the session is complete, and not before.
#[tokio::test]
async fn a_stream_with_an_onlooker() -> Result<(), Failed> {
    let engine = Memory::new();
    let (client, _) = client(&engine, quick());
    let (key, tickets) = start(&counting::IMAGE, &engine).await;
    let [ann, ben, cas] = [0, 1, 2].map(|nth: usize| tickets[nth].clone());
    let ben = tokio::spawn({
        let client = client.clone();
        async move { add_up(&client, &ben).await }
    });
    let cas = tokio::spawn({
        let client = client.clone();
        async move { listen(&client, &cas).await }
    });
    let mut me = counting::ann::join(&client, &ann).await?;
    for number in 1..=100 {
        me = me.number(number).await?;
        if number % 40 == 0 {
            me = me.tell().await?;
        }
    }
    let (sum, me) = me.ask().await?.sum().await?;
    assert_eq!(sum, 5_050);
    me.stop().await?.close();
    assert_eq!(ben.await??, 5_050);
    assert_eq!(cas.await??, [820, 3_240]);
    assert_eq!(engine.ending(&key).await?, Some(Ending::Complete));
    Ok(())
}

async fn ann_both_ways(me: both_ways::ann::Fork) -> Result<(), Failed> {
    let (left, right) = me.fork();
    let left = async move {
        let (back, left) = left.left(1).await?.left_back().await?;
        assert_eq!(back, 1);
        Ok::<_, Failed>(left)
    };
    let right = async move {
        let (number, right) = right.right().await?;
        Ok(right.right_back(number).await?)
    };
    let (left, right) = tokio::try_join!(left, right)?;
    left.join(right)?.done(7).await?.close();
    Ok(())
}

async fn ben_both_ways(me: both_ways::ben::Fork) -> Result<u64, Failed> {
    let (left, right) = me.fork();
    let left = async move {
        let (number, left) = left.left().await?;
        Ok::<_, Failed>(left.left_back(number).await?)
    };
    let right = async move {
        let (back, right) = right.right(2).await?.right_back().await?;
        assert_eq!(back, 2);
        Ok(right)
    };
    let (left, right) = tokio::try_join!(left, right)?;
    let (last, me) = left.join(right)?.done().await?;
    me.close();
    Ok(last)
}

/// What two lanes do is written down for each of them.
#[tokio::test]
async fn two_lanes_at_once() -> Result<(), Failed> {
    let engine = Memory::new();
    let ((anns, _), (bens, _)) = (client(&engine, quick()), client(&engine, quick()));
    for _ in 0..50 {
        let (key, tickets) = start(&both_ways::IMAGE, &engine).await;
        let ann = async { ann_both_ways(both_ways::ann::join(&anns, &tickets[0]).await?).await };
        let ben = async { ben_both_ways(both_ways::ben::join(&bens, &tickets[1]).await?).await };
        assert_eq!(tokio::try_join!(ann, ben)?, ((), 7));
        assert_eq!(engine.ending(&key).await?, Some(Ending::Complete));
    }
    Ok(())
}
