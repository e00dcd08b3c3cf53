//! A server whose connections are clients of a protocol: a login, requests, a database that is awaited, and a client that is idle.
//!
//! ```text
//! cargo run --example bank
//! ```

use std::error::Error;
use std::time::Duration;

use telltale_net::Host;
use telltale_vm::{SessionError, choreography};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

choreography! {
    /// Somebody logs in, pays in, and asks for what there is.
    #[endpoints]
    pub protocol Bank(Client, Server) {
        Client -> Server: Login(String);
        choice Access at Server {
            Server -> Client: Welcome;
            loop {
                choice Request at Client {
                    Client -> Server: Pay(u64);
                    Server -> Client: Balance(u64);
                } or {
                    Client -> Server: Bye;
                    break;
                }
            }
        } or {
            Server -> Client: Denied;
        }
    }
}

use bank::{client, server};

const IDLE: Duration = Duration::from_millis(200);

/// Plays the server of one session. It knows nothing of connections.
async fn serve(me: server::Login) -> Result<(), SessionError> {
    let (name, me) = me.login().await?;
    let Some(mut balance) = look_up(&name).await else {
        me.denied().await?.close();
        return Ok(());
    };
    let mut me = me.welcome().await?;
    loop {
        match me.next().await? {
            server::RequestBranch::Pay(amount, next) => {
                balance += amount;
                me = next.balance(balance).await?;
            }
            server::RequestBranch::Bye(end) => {
                end.close();
                return Ok(());
            }
        }
    }
}

/// Plays the client of one session for whoever is at the other end of a connection.
async fn connect(me: client::Login, socket: TcpStream) -> Result<(), Box<dyn Error + Send + Sync>> {
    let (read, mut write) = socket.into_split();
    let mut lines = BufReader::new(read).lines();
    let name = timeout(IDLE, lines.next_line()).await??.ok_or("nobody has logged in")?;
    let mut me = match me.login(name).await?.next().await? {
        client::AccessBranch::Welcome(me) => me,
        client::AccessBranch::Denied(me) => {
            me.close();
            return Ok(write.write_all(b"denied\n").await?);
        }
    };
    write.write_all(b"welcome\n").await?;
    // Whoever says nothing for a while has said good bye.
    while let Ok(line) = timeout(IDLE, lines.next_line()).await {
        let Some(amount) = line?.and_then(|line| line.parse().ok()) else { break };
        let (balance, next) = me.pay(amount).await?.balance().await?;
        write.write_all(format!("you have {balance}\n").as_bytes()).await?;
        me = next;
    }
    me.bye().await?.close();
    Ok(write.write_all(b"bye\n").await?)
}

/// A database, which takes its time.
async fn look_up(name: &str) -> Option<u64> {
    sleep(Duration::from_millis(10)).await;
    (name == "ann").then_some(100)
}

async fn accept(listener: TcpListener, host: Host) -> std::io::Result<()> {
    loop {
        let (socket, _) = listener.accept().await?;
        let roles = bank::endpoints(&host).expect("there is room for one session more");
        tokio::spawn(serve(roles.server));
        tokio::spawn(connect(roles.client, socket));
    }
}

/// What somebody hears who sends these lines, and then nothing.
async fn hear(address: std::net::SocketAddr, lines: &str) -> std::io::Result<Vec<String>> {
    let (read, mut write) = TcpStream::connect(address).await?.into_split();
    write.write_all(lines.as_bytes()).await?;
    let (mut heard, mut lines) = (Vec::new(), BufReader::new(read).lines());
    while let Some(line) = lines.next_line().await? {
        heard.push(line);
    }
    Ok(heard)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let host = Host::new();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(accept(listener, host.clone()));
    for lines in ["ann\n20\n5\n", "eve\n", "", "ann\nten\n"] {
        println!("{lines:?}: {:?}", hear(address, lines).await?);
    }
    println!("{} sessions are open", host.open_sessions());
    Ok(())
}
