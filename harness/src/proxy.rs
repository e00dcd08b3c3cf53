//! A bad network before a server: it cuts what goes through it in the middle, delays it, or swallows it.

use std::io;
use std::net::TcpListener as Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// How long whoever is being cut waits for something that it can cut in the middle.
const HALF: Duration = Duration::from_millis(50);

/// A proxy on a port of its own, which is at work until its process ends.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    weather: Arc<Weather>,
}

#[derive(Debug)]
struct Weather {
    /// How long each piece takes, in milliseconds.
    delay: AtomicU64,
    /// Whether nothing gets through.
    is_hole: AtomicBool,
    /// How often all connections were cut.
    cuts: watch::Sender<u64>,
}

impl Proxy {
    /// One before a port of this machine.
    ///
    /// # Errors
    ///
    /// When there is no port for it, or no thread.
    pub fn before(target: u16) -> io::Result<Self> {
        let bound = Bound::bind("127.0.0.1:0")?;
        bound.set_nonblocking(true)?;
        let port = bound.local_addr()?.port();
        let weather = Weather {
            delay: AtomicU64::new(0),
            is_hole: AtomicBool::new(false),
            cuts: watch::Sender::new(0),
        };
        let weather = Arc::new(weather);
        let (runtime, its) = (Builder::new_current_thread().enable_all().build()?, weather.clone());
        // Whoever deals blows is busy with that, and this is not to stand still meanwhile.
        thread::Builder::new().name("proxy".to_owned()).spawn(move || {
            runtime.block_on(async {
                let Ok(listener) = TcpListener::from_std(bound) else { return };
                while let Ok((client, _)) = listener.accept().await {
                    tokio::spawn(carry(client, target, Arc::clone(&its)));
                }
            });
        })?;
        Ok(Self { port, weather })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Cuts all connections, in the middle of what goes through them where something does.
    pub fn cut(&self) {
        self.weather.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// From now on, each piece takes so long.
    pub fn delay(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.weather.delay.store(by, Ordering::Relaxed);
    }

    /// Whether what comes stays here from now on, and nobody is told.
    pub fn swallow(&self, is_hole: bool) {
        self.weather.is_hole.store(is_hole, Ordering::Relaxed);
    }
}

async fn carry(client: TcpStream, target: u16, weather: Arc<Weather>) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", target)).await else { return };
    // It is a bad network, and not a slow one.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = pump(from_client, to_server, &weather) => {}
        () = pump(from_server, to_client, &weather) => {}
    }
}

/// Carries what comes in one direction, until it ends or is cut.
async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, weather: &Weather) {
    let (mut piece, mut cuts) = (vec![0; 1 << 16], weather.cuts.subscribe());
    loop {
        let read = tokio::select! {
            read = from.read(&mut piece) => read,
            _ = cuts.changed() => {
                if let Ok(Ok(read)) = timeout(HALF, from.read(&mut piece)).await {
                    let _ = to.write_all(&piece[..read / 2]).await;
                }
                return;
            }
        };
        let Ok(read @ 1..) = read else { return };
        sleep(Duration::from_millis(weather.delay.load(Ordering::Relaxed))).await;
        while weather.is_hole.load(Ordering::Relaxed) {
            sleep(HALF).await;
        }
        if to.write_all(&piece[..read]).await.is_err() {
            return;
        }
    }
}
