//! Hears of changes from the databases. What it does not hear of is found by whoever looks after a while.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_postgres::{AsyncMessage, Config};

use crate::counters::Counts;
use crate::database::Tls;

/// How long it waits before it connects again.
const PAUSE: Duration = Duration::from_secs(1);

/// Who hears of changes in a database.
#[derive(Clone)]
pub(crate) struct Listener<T> {
    pub(crate) connect: Config,
    pub(crate) tls: T,
    pub(crate) channel: String,
    pub(crate) changes: Arc<watch::Sender<()>>,
    pub(crate) counts: Arc<Counts>,
}

impl<T: Tls> Listener<T> {
    /// Makes futures that listen for ever, in the runtime that polls them.
    pub(crate) fn at_work(self) -> Box<dyn Fn() -> BoxFuture<'static, ()> + Send> {
        Box::new(move || Box::pin(self.clone().listen()))
    }

    async fn listen(self) {
        loop {
            // Why a connection was lost is said by whoever needs one.
            let _ = self.hear().await;
            self.changes.send_replace(());
            sleep(PAUSE).await;
        }
    }

    fn tell(&self) {
        self.counts.wake_ups.add(1);
        self.changes.send_replace(());
    }

    /// Listens until the connection is lost.
    async fn hear(&self) -> Result<(), tokio_postgres::Error> {
        let connecting = self.connect.connect(self.tls.clone());
        let Ok(connected) = timeout(10 * PAUSE, connecting).await else { return Ok(()) };
        let (client, mut connection) = connected?;
        let statement = format!("LISTEN {}", self.channel);
        let mut listening = pin!(client.batch_execute(&statement));
        let mut is_listening = false;
        poll_fn(|cx| {
            loop {
                match connection.poll_message(cx) {
                    Poll::Ready(Some(Ok(AsyncMessage::Notification(_)))) => self.tell(),
                    Poll::Ready(Some(Ok(_))) => {}
                    Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
                    Poll::Ready(None) => return Poll::Ready(Ok(())),
                    Poll::Pending if is_listening => return Poll::Pending,
                    Poll::Pending => match listening.as_mut().poll(cx) {
                        Poll::Ready(listens) => {
                            listens?;
                            is_listening = true;
                        }
                        Poll::Pending => return Poll::Pending,
                    },
                }
            }
        })
        .await
    }
}
