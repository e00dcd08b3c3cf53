//! A chat room for any number of people, in which everybody talks and listens at once.
//!
//! Each member has a session of its own with the room: what it says and what it is told are two directions that do not wait
//! for each other. Each direction is an endpoint, so the room keeps the ones by which it tells, and listens at the others.
//!
//! ```text
//! cargo run --example chat_room
//! ```

use std::collections::BTreeMap;
use std::error::Error;
use std::mem::take;
use std::sync::Arc;
use std::time::Duration;

use telltale_net::Host;
use telltale_vm::{SessionError, choreography};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

choreography! {
    /// Somebody comes into the room, talks and listens, and leaves.
    #[endpoints]
    pub protocol ChatRoom(Member, Room) {
        Member -> Room: Enter(String);
        choice Admit at Room {
            /// Who is there already.
            Room -> Member: Welcome(Vec<String>);
            par {
                loop {
                    choice Speak at Member {
                        Member -> Room: Say(String);
                    } or {
                        Member -> Room: Whisper { to: String, words: String };
                    } or {
                        Member -> Room: Leave;
                        break;
                    }
                }
            } and {
                loop {
                    choice Tell at Room {
                        Room -> Member: Said { by: String, words: String };
                    } or {
                        Room -> Member: Whispered { by: String, words: String };
                    } or {
                        Room -> Member: NotHere(String);
                    } or {
                        Room -> Member: Came(String);
                    } or {
                        Room -> Member: Went(String);
                    } or {
                        Room -> Member: Goodbye;
                        break;
                    }
                }
            }
        } or {
            Room -> Member: NameTaken;
        }
    }
}

use chat_room::{member, room};

type AnyError = Box<dyn Error + Send + Sync>;

/// How long the room waits for a member that does not listen.
const PATIENCE: Duration = Duration::from_secs(5);

/// Those who are there, each with the endpoint by which the room tells it something.
#[derive(Default)]
struct Members(BTreeMap<String, room::Tell>);

impl Members {
    /// Tells one of them something. Whoever cannot be told is not there any more.
    async fn tell<F>(&mut self, name: &str, news: impl FnOnce(room::Tell) -> F) -> bool
    where
        F: Future<Output = Result<room::Tell, SessionError>>,
    {
        let Some(me) = self.0.remove(name) else { return false };
        let Ok(Ok(me)) = timeout(PATIENCE, news(me)).await else { return false };
        self.0.insert(name.to_owned(), me);
        true
    }

    async fn tell_all<F>(&mut self, news: impl Fn(room::Tell) -> F)
    where
        F: Future<Output = Result<room::Tell, SessionError>>,
    {
        for (name, me) in take(&mut self.0) {
            if let Ok(Ok(me)) = timeout(PATIENCE, news(me)).await {
                self.0.insert(name, me);
            }
        }
    }
}

/// The room, for one member: from when it comes until it leaves, or is not heard of any more.
async fn serve(me: room::Enter, hall: Arc<Mutex<Members>>) -> Result<(), SessionError> {
    let (name, me) = me.enter().await?;
    let mut members = hall.lock().await;
    if members.0.contains_key(&name) {
        me.name_taken().await?.close();
        return Ok(());
    }
    let names = members.0.keys().cloned().collect();
    let (hears, tells) = me.welcome(names).await?.fork();
    members.tell_all(|other| other.came(name.clone())).await;
    members.0.insert(name.clone(), tells);
    drop(members);

    let end = listen(hears, &name, &hall).await;

    let mut members = hall.lock().await;
    let tells = members.0.remove(&name);
    members.tell_all(|other| other.went(name.clone())).await;
    drop(members);
    // An error if its line is dead; then there is nobody to say good bye to.
    if let (end, Some(tells)) = (end?, tells) {
        end.join(tells.goodbye().await?)?.close();
    }
    Ok(())
}

/// Passes on what a member says.
async fn listen(
    mut me: room::Speak,
    name: &str,
    hall: &Mutex<Members>,
) -> Result<room::ForkEnd1, SessionError> {
    loop {
        me = match me.next().await? {
            room::SpeakBranch::Say(words, me) => {
                let mut members = hall.lock().await;
                members.tell_all(|other| other.said(name.to_owned(), words.clone())).await;
                me
            }
            room::SpeakBranch::Whisper { to, words, me } => {
                let mut members = hall.lock().await;
                let by = name.to_owned();
                if !members.tell(&to, |other| other.whispered(by, words)).await {
                    members.tell(name, |other| other.not_here(to)).await;
                }
                me
            }
            room::SpeakBranch::Leave(end) => return Ok(end),
        }
    }
}

/// What somebody types, and what has to be on the screen before.
type Script = &'static [(&'static str, &'static str)];

/// Types line after line.
async fn talk(
    mut me: member::Speak,
    script: Script,
    mut screen: UnboundedReceiver<String>,
) -> Result<member::ForkEnd1, AnyError> {
    for (cue, typed) in script {
        while screen.recv().await.ok_or("nothing more comes")? != *cue {}
        me = match typed.split_once(' ') {
            _ if *typed == "/leave" => return Ok(me.leave().await?),
            // What happens to `me` then happens to everybody whose connection breaks: it is dropped.
            _ if *typed == "/unplug" => return Err("the line is dead".into()),
            Some(("/whisper", rest)) => {
                let (to, words) = rest.split_once(' ').ok_or("what should be whispered?")?;
                me.whisper(to.to_owned(), words.to_owned()).await?
            }
            _ => me.say((*typed).to_owned()).await?,
        };
    }
    Err("nobody types any more".into())
}

/// Shows line after line, and writes them down.
async fn watch(
    mut me: member::Tell,
    seen: &mut Vec<String>,
    screen: UnboundedSender<String>,
) -> Result<member::ForkEnd2, AnyError> {
    loop {
        let (line, next) = match me.next().await? {
            member::TellBranch::Said { by, words, me } => (format!("{by}: {words}"), me),
            member::TellBranch::Whispered { by, words, me } => {
                (format!("{by} whispers: {words}"), me)
            }
            member::TellBranch::NotHere(name, me) => (format!("* {name} is not here"), me),
            member::TellBranch::Came(name, me) => (format!("* {name} has come"), me),
            member::TellBranch::Went(name, me) => (format!("* {name} has gone"), me),
            member::TellBranch::Goodbye(end) => return Ok(end),
        };
        seen.push(line.clone());
        // Nobody looks at it any more when the last line is typed.
        let _ = screen.send(line);
        me = next;
    }
}

/// A member that has been admitted. Gives what it has seen.
async fn chat(me: member::Fork, script: Script) -> Vec<String> {
    let (speaks, is_told) = me.fork();
    let (screen, on_screen) = unbounded_channel();
    let mut seen = Vec::new();
    let both = tokio::try_join!(talk(speaks, script, on_screen), watch(is_told, &mut seen, screen));
    let end = both.and_then(|(said, told)| Ok(said.join(told)?));
    seen.push(match end {
        Ok(end) => {
            end.close();
            "(leaves)".to_owned()
        }
        Err(error) => format!("({error})"),
    });
    seen
}

const PEOPLE: [(&str, Script); 4] = [
    (
        "Ann",
        &[
            ("* Cleo has come", "Welcome, both of you!"),
            ("Ben whispers: Who is she?", "Cleo, who are you?"),
            ("Ben: And now?", "/leave"),
        ],
    ),
    (
        "Ben",
        &[
            ("Ann: Welcome, both of you!", "/whisper Ann Who is she?"),
            ("* Cleo has gone", "And now?"),
            ("* Ann has gone", "/whisper Ann Wait for me!"),
            ("* Ann is not here", "/leave"),
        ],
    ),
    ("Ann", &[]),
    (
        "Cleo",
        &[
            ("Ann: Cleo, who are you?", "I play the cello, and"),
            ("Cleo: I play the cello, and", "/unplug"),
        ],
    ),
];

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    let (host, hall) = (Host::new(), Arc::default());
    let mut people = Vec::new();
    for (name, script) in PEOPLE {
        let roles = chat_room::endpoints(&host)?;
        tokio::spawn(serve(roles.room, Arc::clone(&hall)));
        match roles.member.enter(name.to_owned()).await?.next().await? {
            member::AdmitBranch::Welcome(names, me) => {
                println!("{name} comes in and meets {names:?}.");
                people.push((name, tokio::spawn(chat(me, script))));
            }
            member::AdmitBranch::NameTaken(me) => {
                println!("Somebody else called {name} is not let in.");
                me.close();
            }
        }
    }
    for (name, person) in people {
        println!("\n{name}'s screen:\n  {}", person.await?.join("\n  "));
    }
    Ok(())
}
