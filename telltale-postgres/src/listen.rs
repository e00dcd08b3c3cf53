//! Hears of changes from the databases. What it does not hear of is found by whoever looks after a while.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_postgres::{AsyncMessage, Config};

use crate::database::Tls;

/// How long it waits before it connects again.
const PAUSE: Duration = Duration::from_secs(1);

/// Listens for ever.
pub(crate) fn listen(
    connect: Config,
    tls: impl Tls,
    channel: String,
    changes: Arc<watch::Sender<()>>,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        loop {
            let heard = hear(&connect, tls.clone(), &channel, &changes);
            // Why a connection was lost is said by whoever needs one.
            let _ = heard.await;
            changes.send_replace(());
            sleep(PAUSE).await;
        }
    })
}

/// Listens until the connection is lost.
async fn hear(
    connect: &Config,
    tls: impl Tls,
    channel: &str,
    changes: &watch::Sender<()>,
) -> Result<(), tokio_postgres::Error> {
    let Ok(connected) = timeout(10 * PAUSE, connect.connect(tls)).await else { return Ok(()) };
    let (client, mut connection) = connected?;
    let statement = format!("LISTEN {channel}");
    let mut listening = pin!(client.batch_execute(&statement));
    let mut is_listening = false;
    poll_fn(|cx| {
        loop {
            match connection.poll_message(cx) {
                Poll::Ready(Some(Ok(AsyncMessage::Notification(_)))) => {
                    changes.send_replace(());
                }
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
