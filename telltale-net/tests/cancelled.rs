//! Whoever gives up, wherever it is: nobody waits for ever, and everybody is told who it was.

mod support;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use telltale_net::{Host, HostConfig};
use telltale_vm::{SessionError, VMConfig, choreography};

use support::Tasks;

choreography! {
    #[endpoints]
    pub protocol Purchase(Customer, Shop, Warehouse) {
        Customer -> Shop: Ask(String);
        Shop -> Customer: Price(u64);
        choice Answer at Customer {
            Customer -> Shop: Buy { address: String };
            Shop -> Warehouse: Pack(String);
            Warehouse -> Customer: Parcel(u32);
        } or {
            Customer -> Shop: Leave;
            Shop -> Warehouse: Rest;
        }
    }
}

use purchase::{customer, shop, warehouse};

/// Goes on at once so many times, and then never.
struct Stops {
    left: Cell<usize>,
    has_stopped: Cell<bool>,
}

impl Stops {
    fn after(passes: usize) -> Self {
        Self { left: passes.into(), has_stopped: false.into() }
    }

    /// A place at which a task can be cancelled.
    async fn here(&self) {
        poll_fn(|_| {
            let left = self.left.get().checked_sub(1);
            self.has_stopped.set(left.is_none());
            self.left.set(left.unwrap_or(0));
            if left.is_some() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Runs a future, and drops it where it has been told to stop. Gives what it has come to, if it has come to its end.
    async fn drop_there<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = Some(Box::pin(future));
        poll_fn(|cx| {
            let Some(running) = &mut future else { return Poll::Ready(None) };
            let poll = running.as_mut().poll(cx).map(Some);
            if self.has_stopped.get() {
                future = None;
                return Poll::Ready(None);
            }
            poll
        })
        .await
    }
}

type Played = Result<(), SessionError>;

async fn buy(me: customer::Ask, limit: u64, stops: &Stops) -> Played {
    stops.here().await;
    let me = me.ask("tea".to_owned()).await?;
    stops.here().await;
    let (price, me) = me.price().await?;
    stops.here().await;
    if price > limit {
        let me = me.leave().await?;
        stops.here().await;
        me.close();
        return Ok(());
    }
    let me = me.buy("12 High Street".to_owned()).await?;
    stops.here().await;
    let (parcel, me) = me.parcel().await?;
    stops.here().await;
    assert_eq!(parcel, 7);
    me.close();
    Ok(())
}

async fn sell(me: shop::Ask, stops: &Stops) -> Played {
    stops.here().await;
    let (what, me) = me.ask().await?;
    stops.here().await;
    let me = me.price(20).await?;
    stops.here().await;
    match me.next().await? {
        shop::AnswerBranch::Buy { address, me } => {
            stops.here().await;
            me.pack(format!("{what} for {address}")).await?.close();
        }
        shop::AnswerBranch::Leave(me) => {
            stops.here().await;
            me.rest().await?.close();
        }
    }
    stops.here().await;
    Ok(())
}

async fn pack(mut me: warehouse::Answer, stops: &Stops) -> Played {
    stops.here().await;
    me.ready().await?;
    stops.here().await;
    match me.next().await? {
        warehouse::AnswerBranch::Pack(what, me) => {
            assert_eq!(what, "tea for 12 High Street");
            stops.here().await;
            me.parcel(7).await?.close();
        }
        warehouse::AnswerBranch::Rest(me) => me.close(),
    }
    stops.here().await;
    Ok(())
}

/// Plays a session in which the `who`th role gives up at its `at`th place. Gives how each role has ended; one that gave up, not
/// at all.
fn play(host: &Host, limit: u64, who: usize, at: usize, seed: u64) -> [Option<Played>; 3] {
    let roles = purchase::endpoints(host).expect("there is room");
    let stops: [Stops; 3] =
        std::array::from_fn(|role| Stops::after(if role == who { at } else { usize::MAX }));
    let ends = RefCell::new([None, None, None]);
    {
        let mut tasks = Tasks::default();
        let [customer, shop, warehouse] = &stops;
        let end = |role: usize, end: Option<Played>| ends.borrow_mut()[role] = end;
        tasks.add("Customer", async move {
            end(0, customer.drop_there(buy(roles.customer, limit, customer)).await);
        });
        tasks.add("Shop", async move { end(1, shop.drop_there(sell(roles.shop, shop)).await) });
        tasks.add("Warehouse", async move {
            end(2, warehouse.drop_there(pack(roles.warehouse, warehouse)).await);
        });
        tasks.run(seed);
    }
    assert_eq!(host.open_sessions(), 0, "the session is over");
    ends.into_inner()
}

#[test]
fn whoever_gives_up_everybody_is_told() {
    let vm = VMConfig { capacity: 1, ..HostConfig::default().vm };
    let host = Host::with(HostConfig { vm, ..HostConfig::default() });
    let mut reasons = BTreeSet::new();
    for seed in 0..20 {
        for limit in [10, 30] {
            for who in 0..3 {
                let mut at = 0;
                loop {
                    let ends = play(&host, limit, who, at, seed);
                    if ends.iter().all(Option::is_some) {
                        // It has come through: there are no more places.
                        assert!(ends.iter().flatten().all(Result::is_ok), "{ends:?}");
                        break;
                    }
                    for (role, end) in ends.into_iter().enumerate() {
                        let has_given_up = role == who;
                        assert_eq!(end.is_none(), has_given_up);
                        if let Some(Err(SessionError::Cancelled { reason })) = end {
                            reasons.insert(reason.to_string());
                        } else {
                            // Some are done before the others.
                            assert!(matches!(end, None | Some(Ok(()))), "{end:?}");
                        }
                    }
                    at += 1;
                }
            }
        }
    }
    let reasons: Vec<String> = reasons.into_iter().collect();
    assert_eq!(
        reasons,
        [
            "`customer::Answer` was dropped",
            "`customer::Ask` was dropped",
            "`customer::Parcel` was dropped",
            "`customer::Price` was dropped",
            "`shop::Answer` was dropped",
            "`shop::Ask` was dropped",
            "`shop::Pack` was dropped",
            "`shop::Price` was dropped",
            "`shop::Rest` was dropped",
            "`warehouse::Answer` was dropped",
            "`warehouse::Parcel` was dropped",
        ]
    );
}

/// Dropped while it waits, not between two things.
#[test]
fn a_future_that_is_dropped_drops_its_endpoint() {
    let host = Host::new();
    let roles = purchase::endpoints(&host).expect("there is room");
    let waits = roles.shop.ask();
    let mut tasks = Tasks::default();
    tasks.add("Shop", async {
        let mut waits = Box::pin(waits);
        assert!(poll_once(&mut waits).await.is_none(), "nobody has asked");
    });
    tasks.run(0);
    drop(tasks);
    let asked = pollster::block_on(roles.customer.ask("tea".to_owned()));
    let error = asked.expect_err("the shop has gone");
    assert_eq!(error.to_string(), "the session was cancelled: `shop::Ask` was dropped");
    drop(roles.warehouse);
    assert_eq!(host.open_sessions(), 0);
}

async fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    poll_fn(|cx| {
        Poll::Ready(match Pin::new(&mut *future).poll(cx) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}
