//! A chat in which both talk at once, and either may close.
//!
//! One `par`, whose arms share both roles: each direction is a lane of its own, which its speaker ends when
//! it wants, because it has nothing more to say or because the other has left.
//!
//! ```text
//! cargo run --example duplex
//! ```

use std::collections::VecDeque;
use std::error::Error;

use telltale_vm::{HandlerResult, NoHandler, VM, choreography, normalize_trace};

choreography! {
    /// Two people talk, at once.
    pub protocol Chat(Ann, #[like(Ann)] Ben) {
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
    }
}

use chat::Talk;

/// Says what it has to say, unless the other has left.
struct Talker {
    name: &'static str,
    words: VecDeque<&'static str>,
    has_heard: Vec<String>,
    is_alone: bool,
}

impl Talker {
    fn new(name: &'static str, words: &[&'static str]) -> Self {
        let words = words.iter().copied().collect();
        Self { name, words, has_heard: Vec::new(), is_alone: false }
    }
}

impl chat::Ann for Talker {
    fn talk(&mut self) -> HandlerResult<Talk> {
        match self.words.pop_front() {
            Some(words) if !self.is_alone => Ok(Talk::Say(words.to_owned())),
            _ => Ok(Talk::Leave),
        }
    }
    fn on_say(&mut self, say: String) -> HandlerResult<()> {
        self.has_heard.push(say);
        Ok(())
    }
    fn on_leave(&mut self) -> HandlerResult<()> {
        self.is_alone = true;
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("The part of each role:\n");
    for (role, local_type) in chat::IMAGE.local_types.iter() {
        println!("  {role}: {local_type}");
    }
    let ann = Talker::new("Ann", &["Hello!", "How are you?", "I must go."]);
    let ben = Talker::new("Ben", &["Hi.", "Fine.", "So soon?", "Wait…", "One more thing…"]);
    let mut vm = VM::default();
    let session = chat::Roles { ann, ben }.open(&mut vm)?;
    vm.run(&NoHandler, 1_000)?;

    println!("\nWhat happened, and how many steps had to come before:\n");
    for event in normalize_trace(&vm.trace()) {
        println!("  {:>2}  {event}", event.tick);
    }
    let roles = session.into_roles(&mut vm)?;
    println!();
    for talker in [&roles.ann, &roles.ben] {
        println!("{} has heard: {}", talker.name, talker.has_heard.join(" "));
    }
    Ok(())
}
