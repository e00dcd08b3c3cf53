//! Roles that do several things at once: an endpoint for each.

mod support;

use std::cell::RefCell;

use telltale_net::{Host, HostConfig};
use telltale_vm::{SessionError, VMConfig, choreography};

use support::Tasks;

choreography! {
    #[endpoints]
    pub protocol Chat(Ann, Ben) {
        par {
            loop {
                choice Talk at Ann {
                    Ann -> Ben: Say(String);
                } or {
                    Ann -> Ben: Leave;
                    break;
                }
            }
        } and {
            loop {
                choice at Ben {
                    Ben -> Ann: Say(String);
                } or {
                    Ben -> Ann: Leave;
                    break;
                }
            }
        }
        Ann -> Ben: Bye(u64);
    }

    /// Three things at once, two of them inside of the second.
    #[endpoints]
    pub protocol Nested(P, Q) {
        par {
            P -> Q: A(u8);
        } and {
            Q -> P: B(u8);
            par {
                P -> Q: C(u8);
            } and {
                Q -> P: D(u8);
            }
            P -> Q: E(u8);
        }
        Q -> P: F(u8);
    }

    /// Neither direction ever ends.
    #[endpoints]
    pub protocol Endless(P, Q) {
        par {
            loop { P -> Q: Ping; }
        } and {
            loop { Q -> P: Pong; }
        }
    }
}

use chat::{ann, ben};

type Heard = Result<Vec<String>, SessionError>;

async fn ann(me: ann::Fork, words: &[&str]) -> Heard {
    let (mut mouth, mut ears) = me.fork();
    let talk = async move {
        for word in words {
            mouth = mouth.say((*word).to_owned()).await?;
        }
        mouth.leave().await
    };
    let listen = async move {
        let mut heard = Vec::new();
        loop {
            match ears.next().await? {
                ann::BenChoiceBranch::Say(words, next) => {
                    heard.push(words);
                    ears = next;
                }
                ann::BenChoiceBranch::Leave(end) => return Ok((heard, end)),
            }
        }
    };
    let (said, (heard, listened)) = both(talk, listen).await?;
    said.join(listened)?.bye(heard.len() as u64).await?.close();
    Ok(heard)
}

async fn ben(me: ben::Fork, words: &[&str]) -> Heard {
    let (mut ears, mut mouth) = me.fork();
    let mut heard = Vec::new();
    let mut words = words.iter();
    // Turn by turn, on one stack: the lanes do not need tasks of their own.
    let (listened, said) = loop {
        let talks = match words.next() {
            Some(word) => mouth.say((*word).to_owned()).await?,
            None => break (listen(ears, &mut heard).await?, mouth.leave().await?),
        };
        mouth = talks;
        match ears.next().await? {
            ben::TalkBranch::Say(words, next) => {
                heard.push(words);
                ears = next;
            }
            ben::TalkBranch::Leave(end) => {
                for word in words {
                    mouth = mouth.say((*word).to_owned()).await?;
                }
                break (end, mouth.leave().await?);
            }
        }
    };
    let (count, me) = listened.join(said)?.bye().await?;
    me.close();
    heard.push(format!("{count}"));
    Ok(heard)
}

async fn listen(
    mut ears: ben::Talk,
    heard: &mut Vec<String>,
) -> Result<ben::ForkEnd1, SessionError> {
    loop {
        match ears.next().await? {
            ben::TalkBranch::Say(words, next) => {
                heard.push(words);
                ears = next;
            }
            ben::TalkBranch::Leave(end) => return Ok(end),
        }
    }
}

/// Two futures at once; the first error ends both.
async fn both<A, B, E>(
    first: impl Future<Output = Result<A, E>>,
    second: impl Future<Output = Result<B, E>>,
) -> Result<(A, B), E> {
    smol::future::try_zip(first, second).await
}

fn small() -> Host {
    let vm = VMConfig { capacity: 2, ..HostConfig::default().vm };
    Host::with(HostConfig { shards: 1, vm })
}

#[test]
fn both_talk_at_once() {
    let host = small();
    for seed in 0..200 {
        let chat::Endpoints { ann: an, ben: be } = chat::endpoints(&host).expect("there is room");
        let ends = RefCell::new((None, None));
        let mut tasks = Tasks::default();
        let words = ["Hello", "How are you?", "Bye"];
        tasks.add("Ann", async { ends.borrow_mut().0 = Some(ann(an, &words).await) });
        let answers = ["Hi", "Fine", "Wait", "So soon?", "Bye"];
        tasks.add("Ben", async { ends.borrow_mut().1 = Some(ben(be, &answers).await) });
        tasks.run(seed);
        drop(tasks);
        let (ann, ben) = ends.into_inner();
        assert_eq!(ann, Some(Ok(answers.map(str::to_owned).to_vec())));
        let heard: Vec<String> = words.into_iter().chain(["5"]).map(str::to_owned).collect();
        assert_eq!(ben, Some(Ok(heard)));
        assert_eq!(host.open_sessions(), 0);
    }
}

#[test]
fn a_fork_in_a_fork() {
    async fn p(me: nested::p::Fork) -> Result<Vec<u8>, SessionError> {
        let (a, b) = me.fork();
        let a = a.a(1).await?;
        let (two, me) = b.b().await?;
        let (c, d) = me.fork();
        let (four, d) = d.d().await?;
        let done = c.c(3).await?.join(d)?.e(5).await?;
        let (six, me) = a.join(done)?.f().await?;
        me.close();
        Ok(vec![two, four, six])
    }
    async fn q(me: nested::q::Fork) -> Result<Vec<u8>, SessionError> {
        let (a, b) = me.fork();
        let (c, d) = b.b(2).await?.fork();
        let (d, (one, a)) = (d.d(4).await?, a.a().await?);
        let (three, c) = c.c().await?;
        let (five, done) = c.join(d)?.e().await?;
        a.join(done)?.f(6).await?.close();
        Ok(vec![one, three, five])
    }
    let host = small();
    for seed in 0..50 {
        let roles = nested::endpoints(&host).expect("there is room");
        let ends = RefCell::new((None, None));
        let mut tasks = Tasks::default();
        tasks.add("P", async { ends.borrow_mut().0 = Some(p(roles.p).await) });
        tasks.add("Q", async { ends.borrow_mut().1 = Some(q(roles.q).await) });
        tasks.run(seed);
        drop(tasks);
        assert_eq!(ends.into_inner(), (Some(Ok(vec![2, 4, 6])), Some(Ok(vec![1, 3, 5]))));
        assert_eq!(host.open_sessions(), 0);
    }
}

#[test]
fn one_lane_that_is_dropped_ends_the_session() {
    let host = small();
    let roles = endless::endpoints(&host).expect("there is room");
    let ends = RefCell::new(Vec::new());
    let mut tasks = Tasks::default();
    let (pings, other_ear) = roles.p.fork();
    let (ear, other_pings) = roles.q.fork();
    let end = |error: SessionError| ends.borrow_mut().push(error.to_string());
    tasks.add("pings", async {
        let mut me = pings;
        for _ in 0..5 {
            me = me.ping().await.expect("all are there");
        }
        drop(me);
    });
    tasks.add("hears pongs", async {
        let mut me = other_ear;
        loop {
            match me.pong().await {
                Ok(next) => me = next,
                Err(error) => return end(error),
            }
        }
    });
    tasks.add("hears pings", async {
        let mut me = ear;
        loop {
            match me.ping().await {
                Ok(next) => me = next,
                Err(error) => return end(error),
            }
        }
    });
    tasks.add("pongs", async {
        let mut me = other_pings;
        loop {
            match me.pong().await {
                Ok(next) => me = next,
                Err(error) => return end(error),
            }
        }
    });
    tasks.run(3);
    drop(tasks);
    assert_eq!(ends.into_inner(), ["the session was cancelled: `p::Ping` was dropped"; 3]);
    assert_eq!(host.open_sessions(), 0);
}

#[test]
fn lanes_of_two_sessions_are_not_joined() {
    async fn to_the_joins(
        host: &Host,
    ) -> Result<(ann::ForkEnd1, ann::ForkEnd2, ben::ForkEnd1, ben::ForkEnd2), SessionError> {
        let roles = chat::endpoints(host).expect("there is room");
        let ((mouth, ears), (listens, talks)) = (roles.ann.fork(), roles.ben.fork());
        let (said, talked) = (mouth.leave().await?, talks.leave().await?);
        let ann::BenChoiceBranch::Leave(heard) = ears.next().await? else { panic!("nobody talks") };
        let ben::TalkBranch::Leave(listened) = listens.next().await? else {
            panic!("nobody talks")
        };
        Ok((said, heard, listened, talked))
    }
    let host = small();
    pollster::block_on(async {
        let one = to_the_joins(&host).await.expect("nobody gives up");
        let other = to_the_joins(&host).await.expect("nobody gives up");
        let error = one.0.join(other.1).expect_err("they are strangers");
        assert_eq!(
            error.to_string(),
            "the session was cancelled: `ann::ForkEnd1` of one session was joined with `ann::ForkEnd2` of another"
        );
        let ben = one.2.join(one.3).expect("these are of one session").bye().await;
        assert_eq!(ben.expect_err("it was told"), error);
        let ben = other.2.join(other.3).expect("these are of one session").bye().await;
        assert_eq!(ben.expect_err("it was told"), error);
        drop((one.1, other.0));
    });
    assert_eq!(host.open_sessions(), 0);
}
