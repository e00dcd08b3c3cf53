//! Clients over an engine that loses what it is asked and what it answers.

use std::time::Duration;

use telltale_net::engine::memory::{Faults, Memory};
use telltale_net::engine::{Ending, Engine};

use tokio::time;

use super::scene::{Failed, add_up, client, counting, listen, quick, start};

/// Whatever is lost, each message counts once.
async fn adds_up(seed: u64) -> Result<(), Failed> {
    let engine = Memory::with_faults(seed, Faults::ALL);
    let ((anns, ann_works), (bens, ben_works)) =
        (client(&engine, quick()), client(&engine, quick()));
    let (key, tickets) = start(&counting::IMAGE, &engine).await;
    let ann = async {
        let mut me = counting::ann::join(&anns, &tickets[0]).await?;
        let mut expected = 0;
        for number in 1..=10 {
            me = me.number(number).await?;
            expected += number;
            if number % 3 == 0 {
                let (sum, next) = me.ask().await?.sum().await?;
                assert_eq!(sum, expected);
                me = next.tell().await?;
            }
        }
        me.stop().await?.close();
        Ok::<_, Failed>(expected)
    };
    let (ben, cas) = (add_up(&bens, &tickets[1]), listen(&bens, &tickets[2]));
    let (sent, received, heard) = tokio::try_join!(ann, ben, cas)?;
    assert_eq!((sent, received, heard), (55, 55, vec![6, 21, 45]));
    let ending = loop {
        if let Ok(ending) = engine.ending(&key).await {
            break ending;
        }
    };
    assert_eq!(ending, Some(Ending::Complete));
    assert_eq!(engine.messages(), 0);
    ann_works.abort();
    ben_works.abort();
    Ok(())
}

#[tokio::test]
async fn nothing_is_lost_and_nothing_is_doubled() {
    for seed in 0..100 {
        let adds_up = time::timeout(Duration::from_secs(60), adds_up(seed)).await;
        let adds_up = adds_up.unwrap_or_else(|_| panic!("seed {seed}: it hangs"));
        adds_up.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    }
}
