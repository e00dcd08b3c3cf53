//! Sessions in which endpoints and role objects talk to each other.

mod support;

use std::cell::RefCell;

use telltale_net::{Host, HostConfig};
use telltale_vm::{
    ByHandler, Driven, Elsewhere, HandlerResult, SessionError, VMConfig, choreography,
};

use support::Tasks;

choreography! {
    #[endpoints]
    pub protocol Count(Client, Server) {
        loop {
            choice Next at Client {
                Client -> Server: Number(u64);
                Server -> Client: Sum(u64);
            } or {
                Client -> Server: Stop;
                break;
            }
        }
    }

    #[endpoints]
    pub protocol Finish(Worker, Peer, Watcher) {
        loop {
            choice Work at Worker {
                Worker -> Peer: Step;
                Peer -> Worker: Step;
            } or {
                Worker -> Peer: Done;
                Worker -> Watcher: Done;
                break;
            }
        }
    }

    /// The listener may stop anywhere.
    #[endpoints]
    #[allow(silent_end)]
    pub protocol News(Editor, Printer, Listener) {
        loop {
            choice Next at Editor {
                Editor -> Printer: Item(String);
                Editor -> Listener: Item(String);
            } or {
                Editor -> Printer: Close;
                break;
            }
        }
    }
}

use count::{Next, client, server};
use finish::Work;
use news::{editor, listener, printer};

/// Adds up what it is given.
#[derive(Debug, Default)]
struct Adder {
    sum: u64,
}

impl count::Server for Adder {
    fn on_number(&mut self, number: u64) -> HandlerResult<()> {
        self.sum = self.sum.checked_add(number).ok_or("that is too much")?;
        Ok(())
    }
    fn sum(&mut self) -> HandlerResult<u64> {
        Ok(self.sum)
    }
    fn on_stop(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

/// Gives these numbers, and hears of sums.
struct Asker {
    numbers: Vec<u64>,
    heard: Vec<u64>,
}

impl count::Client for Asker {
    fn next(&mut self) -> HandlerResult<Next> {
        Ok(self.numbers.pop().map_or(Next::Stop, Next::Number))
    }
    fn on_sum(&mut self, sum: u64) -> HandlerResult<()> {
        self.heard.push(sum);
        Ok(())
    }
}

struct Worker {
    left: u32,
}

impl finish::Worker for Worker {
    fn work(&mut self) -> HandlerResult<Work> {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                Ok(Work::Step)
            }
            None => Ok(Work::Done),
        }
    }
    fn on_step(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

struct Peer;

impl finish::Peer for Peer {
    fn on_step(&mut self) -> HandlerResult<()> {
        Ok(())
    }
    fn on_done(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

#[test]
fn an_endpoint_against_an_object() {
    let host = Host::new();
    let roles = count::Roles { client: Driven, server: Adder::default() };
    let mut opened = roles.open_on(&host).expect("there is room");
    let me = opened.client().expect("nobody has it yet");
    assert!(opened.client().is_none(), "there is one only");
    pollster::block_on(async {
        let (sum, me) = me.number(3).await?.sum().await?;
        assert_eq!(sum, 3);
        let (sum, me) = me.number(4).await?.sum().await?;
        assert_eq!(sum, 7);
        me.stop().await?.close();
        let roles = opened.into_roles().await.expect("it is complete");
        assert_eq!(roles.server.sum, 7);
        Ok::<(), SessionError>(())
    })
    .expect("nobody gives up");
    assert_eq!(host.open_sessions(), 0);
}

#[test]
fn an_object_against_an_endpoint() {
    async fn serve(mut me: server::Next) -> Result<u64, SessionError> {
        let mut sum = 0;
        loop {
            match me.next().await? {
                server::NextBranch::Number(number, next) => {
                    sum += number;
                    me = next.sum(sum).await?;
                }
                server::NextBranch::Stop(me) => {
                    me.close();
                    return Ok(sum);
                }
            }
        }
    }
    let host = Host::new();
    let client = Asker { numbers: (1..=100).collect(), heard: Vec::new() };
    let mut opened = count::Roles { client, server: Driven }.open_on(&host).expect("there is room");
    let me = opened.server().expect("nobody has it yet");
    let (sum, roles) = pollster::block_on(async { (serve(me).await, opened.into_roles().await) });
    assert_eq!(sum, Ok(5050));
    let heard = roles.expect("it is complete").client.heard;
    assert_eq!((heard.len(), heard.last()), (100, Some(&5050)));
}

/// Objects that have more to do than fits into one call go on whenever somebody waits for them.
#[test]
fn objects_go_on_while_somebody_waits() {
    async fn wait(me: finish::watcher::Done) -> Result<(), SessionError> {
        me.done().await?.close();
        Ok(())
    }
    let host = Host::new();
    let worker = Worker { left: 100_000 };
    let roles = finish::Roles { worker, peer: Peer, watcher: Driven };
    let mut opened = roles.open_on(&host).expect("there is room");
    let me = opened.watcher().expect("nobody has it yet");
    pollster::block_on(async {
        wait(me).await.expect("it comes to its end");
        assert_eq!(opened.into_roles().await.expect("it is complete").worker.left, 0);
    });
}

#[test]
fn an_object_that_gives_up_says_why() {
    let host = Host::new();
    let roles = count::Roles { client: Driven, server: Adder::default() };
    let mut opened = roles.open_on(&host).expect("there is room");
    let me = opened.client().expect("nobody has it yet");
    pollster::block_on(async {
        let (_, me) = me.number(u64::MAX).await.expect("all is well").sum().await.expect("it is");
        let told = me.number(1).await.expect("it is on its way").sum().await;
        let told = told.expect_err("the server has given up").to_string();
        assert_eq!(
            told,
            "the session faulted: `Server` at `offer Client?Number(u64), Client?Stop`: that is too much"
        );
        let error = opened.into_roles().await.expect_err("it is not complete");
        assert!(error.to_string().ends_with("that is too much"), "{error}");
        assert_eq!(error.into_roles().expect("it has ended").server.sum, u64::MAX);
    });
}

#[test]
fn endpoints_that_nobody_takes() {
    let host = Host::new();
    let open = || {
        let roles = count::Roles { client: Driven, server: Adder::default() };
        roles.open_on(&host).expect("there is room")
    };
    drop(open());
    assert_eq!(host.open_sessions(), 0);
    let error = pollster::block_on(open().into_roles()).expect_err("nobody has played the client");
    let told = error.session_error().expect("it has ended").to_string();
    assert_eq!(told, "the session was cancelled: nobody has taken the endpoint of a role");
    assert!(error.into_roles().is_some());
}

#[test]
fn a_host_plays_all_roles() {
    let host = Host::new();
    let roles = count::Roles { client: Driven, server: Elsewhere };
    let error = roles.open_on(&host).expect_err("nobody plays the server");
    assert_eq!(
        error.to_string(),
        "`Server` is played from outside: open the session in a `VM` of your own"
    );
    let roles = count::Roles { client: ByHandler, server: Driven };
    let error = roles.open_on(&host).expect_err("there is no handler");
    assert_eq!(
        error.to_string(),
        "`Client` is played by the handler of the run, and `play` has none"
    );
}

#[test]
fn somebody_has_to_let_a_session_go_on() {
    let client = Asker { numbers: Vec::new(), heard: Vec::new() };
    let roles = count::Roles { client, server: Adder::default() };
    let error = roles.open_on(&Host::new()).map(drop).expect_err("there is no endpoint");
    let text = "all roles are played by objects, and such a session needs no host: `play` runs it";
    assert_eq!(error.to_string(), text);
}

/// Holds an endpoint of another session, and lets go of it when it is told to, or when it is dropped.
struct Holder {
    other: Option<client::Next>,
}

impl count::Server for Holder {
    fn on_number(&mut self, _: u64) -> HandlerResult<()> {
        self.other = None;
        Ok(())
    }
    fn sum(&mut self) -> HandlerResult<u64> {
        Ok(0)
    }
    fn on_stop(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

/// Role objects run while a machine of the host is held, and may drop endpoints of the same machine.
#[test]
fn an_object_drops_an_endpoint_of_its_own_host() {
    for lets_go_early in [true, false] {
        let host = Host::with(HostConfig { shards: 1, ..HostConfig::default() });
        let other = count::endpoints(&host).expect("there is room");
        let holder = Holder { other: Some(other.client) };
        let mut opened =
            count::Roles { client: Driven, server: holder }.open_on(&host).expect("there is room");
        let me = opened.client().expect("nobody has it yet");
        pollster::block_on(async {
            let me = if lets_go_early {
                me.number(1).await.expect("it is on its way").sum().await.expect("it answers").1
            } else {
                me
            };
            me.stop().await.expect("it is on its way").close();
            // Nobody wants the object back: it is dropped with its session.
            drop(opened);
            let error = other.server.next().await.expect_err("the client has gone");
            assert_eq!(error.to_string(), "the session was cancelled: `client::Next` was dropped");
        });
        assert_eq!(host.open_sessions(), 0);
    }
}

/// Opens sessions on its own host, and waits for endpoints where it must not.
struct Nested {
    host: Host,
    told: Vec<String>,
}

impl count::Server for Nested {
    fn on_number(&mut self, _: u64) -> HandlerResult<()> {
        match count::endpoints(&self.host) {
            Ok(roles) => {
                let sent = pollster::block_on(roles.client.number(1));
                self.told.push(sent.expect_err("it would wait for itself").to_string());
                let told = pollster::block_on(roles.server.next());
                self.told.push(told.expect_err("it would wait for itself").to_string());
            }
            Err(error) => self.told.push(error.to_string()),
        }
        Ok(())
    }
    fn sum(&mut self) -> HandlerResult<u64> {
        Ok(0)
    }
    fn on_stop(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

#[test]
fn an_object_does_not_wait_for_its_own_host() {
    for (shards, expected) in [
        (
            1,
            &[
                "all machines of the host are busy: give it more, or open sessions outside of role objects",
            ][..],
        ),
        (
            2,
            &["the session was cancelled: a method of a role object has awaited an endpoint, which has to be left to async code";
                2][..],
        ),
    ] {
        let host = Host::with(HostConfig { shards, ..HostConfig::default() });
        let server = Nested { host: host.clone(), told: Vec::new() };
        let mut opened =
            count::Roles { client: Driven, server }.open_on(&host).expect("there is room");
        let me = opened.client().expect("nobody has it yet");
        pollster::block_on(async {
            let (_, me) = me.number(1).await?.sum().await?;
            me.stop().await?.close();
            let roles = opened.into_roles().await.expect("it is complete");
            assert_eq!(roles.server.told, expected);
            Ok::<(), SessionError>(())
        })
        .expect("nobody gives up");
        assert_eq!(host.open_sessions(), 0);
    }
}

/// A role with a silent end waits until the others are done.
#[test]
fn a_silent_end() {
    async fn listen(mut me: listener::Item) -> Result<Vec<String>, SessionError> {
        let mut heard = Vec::new();
        loop {
            match me.next().await? {
                listener::ItemBranch::Item(item, next) => {
                    heard.push(item);
                    me = next;
                }
                listener::ItemBranch::End => return Ok(heard),
            }
        }
    }
    async fn print(mut me: printer::Next) -> Result<u64, SessionError> {
        let mut printed = 0;
        loop {
            match me.next().await? {
                printer::NextBranch::Item(_, next) => {
                    printed += 1;
                    me = next;
                }
                printer::NextBranch::Close(me) => {
                    me.close();
                    return Ok(printed);
                }
            }
        }
    }
    async fn edit(mut me: editor::Next, items: &[&str]) -> Result<(), SessionError> {
        for item in items {
            me = me.item((*item).to_owned()).await?.item((*item).to_owned()).await?;
        }
        me.close().await?.close();
        Ok(())
    }
    let vm = VMConfig { capacity: 1, ..HostConfig::default().vm };
    let host = Host::with(HostConfig { shards: 1, vm });
    for seed in 0..50 {
        let roles = news::endpoints(&host).expect("there is room");
        let ends = RefCell::new((None, None, None));
        let mut tasks = Tasks::default();
        tasks.add("Editor", async {
            ends.borrow_mut().0 = Some(edit(roles.editor, &["a", "b"]).await);
        });
        tasks.add("Printer", async { ends.borrow_mut().1 = Some(print(roles.printer).await) });
        tasks.add("Listener", async { ends.borrow_mut().2 = Some(listen(roles.listener).await) });
        tasks.run(seed);
        drop(tasks);
        let heard = ["a", "b"].map(str::to_owned).to_vec();
        assert_eq!(ends.into_inner(), (Some(Ok(())), Some(Ok(2)), Some(Ok(heard))));
        assert_eq!(host.open_sessions(), 0);
    }
}
