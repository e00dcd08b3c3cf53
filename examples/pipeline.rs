//! `primes | grep 7$ | head`, with pipes that hold no more than their readers have asked for.
//!
//! Two directions at once make a pipe: lines go one way, and credits come back. The protocol says that neither waits for the other;
//! how many credits are left, the writer counts. Each program is a thread of its own, written in straight-line code, and there is no
//! runtime. The first one would go on for ever; it is stopped from the far end. As each of them waits for one thing at a time, they do
//! the same whoever is faster.
//!
//! ```text
//! cargo run --example pipeline
//! ```

use std::error::Error;
use std::thread;

use pollster::block_on;
use telltale_net::Host;
use telltale_vm::{SessionError, choreography};

choreography! {
    /// Lines, until there are no more, or nobody wants more.
    protocol Lines(Writer, Reader) {
        loop {
            choice Write at Writer {
                Writer -> Reader: Line(String);
            } or {
                Writer -> Reader: Eof;
                break;
            }
        }
    }

    /// How many lines the reader has room for.
    protocol Credits(Reader, Writer) {
        loop {
            choice Ask at Reader {
                Reader -> Writer: Credit(usize);
            } or
            /// What is still in the pipe is thrown away.
            {
                Reader -> Writer: Close;
                break;
            }
        }
    }

    /// Two pipes, one behind the other. Whoever is in the middle plays a part in all four arms.
    #[endpoints]
    pub protocol Pipeline(Primes, Grep, Head) {
        par {
            do Lines(Primes, Grep);
        } and {
            do Credits(Grep, Primes);
        } and {
            do Lines(Grep, Head);
        } and {
            do Credits(Head, Grep);
        }
    }
}

use pipeline::{grep, head, primes};

/// How many lines there can be in front of `grep`.
const WINDOW: usize = 8;

/// Writes a number for each credit. Gives how many it has written.
async fn primes(
    me: primes::Fork,
    mut numbers: impl Iterator<Item = u32>,
) -> Result<usize, SessionError> {
    let (mut out, mut credits) = me.fork();
    let mut written = 0;
    loop {
        match credits.next().await? {
            primes::GrepAskBranch::Credit(credit, next) => {
                credits = next;
                for _ in 0..credit {
                    let Some(number) = numbers.next() else {
                        out.eof().await?.join(until_closed(credits).await?)?.close();
                        return Ok(written);
                    };
                    out = out.line(number.to_string()).await?;
                    written += 1;
                }
            }
            primes::GrepAskBranch::Close(closed) => {
                out.eof().await?.join(closed)?.close();
                return Ok(written);
            }
        }
    }
}

async fn until_closed(mut credits: primes::GrepAsk) -> Result<primes::ForkEnd2, SessionError> {
    loop {
        match credits.next().await? {
            primes::GrepAskBranch::Credit(_, next) => credits = next,
            primes::GrepAskBranch::Close(closed) => return Ok(closed),
        }
    }
}

/// Passes on the lines that end like this, when somebody has room for them. Gives how many it has read.
async fn grep(me: grep::Fork, ending: &str) -> Result<usize, SessionError> {
    let (mut input, room, mut out, mut credits) = me.fork();
    let mut room = room.credit(WINDOW).await?;
    let (mut read, mut credit) = (0, 0);
    loop {
        let line = match input.next().await? {
            grep::PrimesWriteBranch::Line(line, next) => {
                input = next;
                line
            }
            grep::PrimesWriteBranch::Eof(end) => {
                let (stop, eof) = (room.close().await?, out.eof().await?);
                end.join(stop, eof, until_done(credits).await?)?.close();
                return Ok(read);
            }
        };
        read += 1;
        room = room.credit(1).await?;
        if !line.ends_with(ending) {
            continue;
        }
        while credit == 0 {
            match credits.next().await? {
                grep::HeadAskBranch::Credit(more, next) => (credit, credits) = (more, next),
                grep::HeadAskBranch::Close(closed) => {
                    let (stop, eof) = (room.close().await?, out.eof().await?);
                    until_eof(input).await?.join(stop, eof, closed)?.close();
                    return Ok(read);
                }
            }
        }
        out = out.line(line).await?;
        credit -= 1;
    }
}

async fn until_eof(mut input: grep::PrimesWrite) -> Result<grep::ForkEnd1, SessionError> {
    loop {
        match input.next().await? {
            grep::PrimesWriteBranch::Line(_, next) => input = next,
            grep::PrimesWriteBranch::Eof(end) => return Ok(end),
        }
    }
}

async fn until_done(mut credits: grep::HeadAsk) -> Result<grep::ForkEnd4, SessionError> {
    loop {
        match credits.next().await? {
            grep::HeadAskBranch::Credit(_, next) => credits = next,
            grep::HeadAskBranch::Close(closed) => return Ok(closed),
        }
    }
}

/// Asks for one line after the other, and gives them.
async fn head(me: head::Fork, lines: usize) -> Result<Vec<String>, SessionError> {
    let (mut input, mut room) = me.fork();
    let mut read = Vec::new();
    while read.len() < lines {
        room = room.credit(1).await?;
        match input.next().await? {
            head::GrepWriteBranch::Line(line, next) => {
                read.push(line);
                input = next;
            }
            head::GrepWriteBranch::Eof(end) => {
                end.join(room.close().await?)?.close();
                return Ok(read);
            }
        }
    }
    let stop = room.close().await?;
    loop {
        match input.next().await? {
            head::GrepWriteBranch::Line(_, next) => input = next,
            head::GrepWriteBranch::Eof(end) => {
                end.join(stop)?.close();
                return Ok(read);
            }
        }
    }
}

fn is_prime(number: u32) -> bool {
    let mut factors = (2..number).take_while(|factor| *factor <= number / factor);
    !factors.any(|factor| number.is_multiple_of(factor))
}

fn main() -> Result<(), Box<dyn Error>> {
    let host = Host::new();
    for last in [u32::MAX, 40] {
        let roles = pipeline::endpoints(&host)?;
        let (written, read, lines) = thread::scope(|scope| {
            let numbers = (2..=last).filter(|number| is_prime(*number));
            let primes = scope.spawn(|| block_on(primes(roles.primes, numbers)));
            let grep = scope.spawn(|| block_on(grep(roles.grep, "7")));
            let lines = block_on(head(roles.head, 5));
            let [written, read] = [primes, grep].map(|thread| thread.join().expect("no panic"));
            Ok::<_, SessionError>((written?, read?, lines?))
        })?;
        println!("primes up to {last} | grep 7$ | head -n 5");
        println!("  {}", lines.join(" "));
        println!("  {written} numbers were written, and {read} of them read");
    }
    Ok(())
}
