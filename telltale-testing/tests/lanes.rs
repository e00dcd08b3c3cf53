//! Roles that do several things at once, with scripted and random peers, under every schedule and over bad networks.
#![allow(missing_docs, reason = "what is generated here is of no use to others")]

use telltale_testing::{
    Fate, Random, Schedule, Schedules, Script, delay_each_message, for_every_seed,
    lose_each_message,
};
use telltale_vm::{ByHandler, HandlerError, HandlerResult, choreography};

choreography! {
    /// The example `download`: data, credits, and a client who may have had enough.
    pub protocol Download(Client, Server) {
        Client -> Server: Get(String);
        par {
            loop {
                choice Stream at Server {
                    Server -> Client: Data(u8);
                } or {
                    Server -> Client: Eof;
                    break;
                } or {
                    Server -> Client: Stopped;
                    break;
                }
            }
        } and {
            loop {
                choice Flow at Client {
                    Client -> Server: Credit(u32);
                } or {
                    Client -> Server: Cancel;
                    break;
                } or {
                    Client -> Server: Enough;
                    break;
                }
            }
        }
        Client -> Server: Bye(u64);
    }

    /// The example `duplex`: either talks, either leaves.
    pub protocol Chat(Ann, Ben) {
        par {
            loop { choice Talk at Ann { Ann -> Ben: Say(String); } or { Ann -> Ben: Leave; break; } }
        } and {
            loop { choice at Ben { Ben -> Ann: Say(String); } or { Ben -> Ann: Leave; break; } }
        }
    }

    /// `Reply` waits for `Go`, which comes in the other lane.
    pub protocol Behind(Asker, Clerk, Boss) {
        par {
            Asker -> Clerk: First(u8);
            Clerk -> Boss: Reply(u8);
            Asker -> Clerk: Second(u8);
            Asker -> Clerk: Third(u8);
        } and {
            Asker -> Clerk: Go(u8);
        }
    }

    /// The sender has done as much in one lane as in the other.
    pub protocol Twice(Sender, Receiver) {
        par { Sender -> Receiver: One(u32); } and { Sender -> Receiver: Other(u32); }
    }
}

#[derive(Debug)]
struct Server {
    pieces: u8,
    credit: u32,
    is_cancelled: bool,
    client_has: u64,
}

fn server(pieces: u8) -> download::Roles<ByHandler, Server> {
    let server = Server { pieces, credit: 0, is_cancelled: false, client_has: 0 };
    download::Roles { client: ByHandler, server }
}

impl download::Server for Server {
    fn on_get(&mut self, _: String) -> HandlerResult<()> {
        Ok(())
    }
    fn stream(&mut self) -> HandlerResult<download::Stream> {
        if self.is_cancelled {
            return Ok(download::Stream::Stopped);
        }
        self.credit = self.credit.checked_sub(1).ok_or_else(HandlerError::pending)?;
        let Some(left) = self.pieces.checked_sub(1) else { return Ok(download::Stream::Eof) };
        self.pieces = left;
        Ok(download::Stream::Data(left))
    }
    fn on_credit(&mut self, credit: u32) -> HandlerResult<()> {
        self.credit = self.credit.saturating_add(credit);
        Ok(())
    }
    fn on_cancel(&mut self) -> HandlerResult<()> {
        self.is_cancelled = true;
        Ok(())
    }
    fn on_enough(&mut self) -> HandlerResult<()> {
        self.is_cancelled = true;
        Ok(())
    }
    fn on_bye(&mut self, bye: u64) -> HandlerResult<()> {
        self.client_has = bye;
        Ok(())
    }
}

/// Two pieces, and no more.
fn had_enough() -> Script {
    Script::new()
        .send("Client", "Get", "a film")
        .choose("Client", "Credit", 2)
        .expect("Client", "Data", 9)
        .expect("Client", "Data", 8)
        .choose("Client", "Cancel", ())
        .expect("Client", "Stopped", ())
        .send("Client", "Bye", 2)
}

#[test]
fn lines_of_several_lanes_come_in_order() {
    let left = Schedules::new().compare_traces().check(|vm| {
        let session = server(10).open(vm)?;
        let script = had_enough();
        vm.run(&script)?;
        script.finish()?;
        let server = session.into_roles(vm)?.server;
        Ok((server.pieces, server.client_has))
    });
    assert_eq!(left.expect("it is the same whoever has turns"), (8, 2));
}

#[test]
fn what_is_wrong_in_a_lane_names_its_line() {
    let wrong_piece = Script::new()
        .send("Client", "Get", "a film")
        .choose("Client", "Credit", 2)
        .expect("Client", "Data", 7);
    let error = server(10).play_with(&wrong_piece).expect_err("it is another piece").to_string();
    assert!(error.contains("expected `Client` to receive `Data` with 7 ("), "{error}");
    assert!(error.ends_with("), but it received `Data` with 9"), "{error}");

    let misspelt = Script::new().send("Client", "Get", "a film").choose("Client", "Credits", 2);
    let error = server(10).play_with(&misspelt).expect_err("there is no such branch").to_string();
    assert!(error.contains("expected `Client` to choose `Credits` ("), "{error}");
    assert!(
        error.ends_with("but it decides between `Credit` and `Cancel` and `Enough`"),
        "{error}"
    );

    let strict = Script::new()
        .strict()
        .send("Client", "Get", "a film")
        .choose("Client", "Credit", 1)
        .expect("Client", "Data", 9)
        .choose("Client", "Cancel", ());
    let error = server(10).play_with(&strict).expect_err("a line is missing").to_string();
    assert!(error.ends_with("but it received `Stopped` with nothing"), "{error}");

    let short = Script::new()
        .send("Client", "Get", "a film")
        .choose("Client", "Credit", 1)
        .expect("Client", "Data", 9);
    let error = server(10).play_with(&short).expect_err("nothing follows").to_string();
    assert!(
        error.ends_with("but it decides between `Credit` and `Cancel` and `Enough`"),
        "{error}"
    );
}

#[test]
fn a_line_that_never_comes_next_is_named() {
    let script = Script::new()
        .send("Client", "Get", "a film")
        .expect("Client", "Data", 9)
        .choose("Client", "Credit", 2);
    let error = server(10).play_with(&script).expect_err("the credit comes too late").to_string();
    assert!(error.contains("`Client` in lane 2 waits for its handler"), "{error}");
    let error = script.finish().expect_err("a line is left").to_string();
    assert!(error.starts_with("expected `Client` to receive `Data` with 9 ("), "{error}");
    assert!(error.ends_with("), but it did not come to that"), "{error}");
}

#[test]
fn random_peers_in_lanes() {
    let mut most = 0;
    for_every_seed(200, |seed| {
        let random = || Random::new(seed).by_label("Credit", |draw| draw.between(0, 3_u32));
        let played = server(10).play_with(&random())?;
        assert_eq!(played.server.pieces, server(10).play_with(&random())?.server.pieces);
        most = most.max(10 - played.server.pieces);
        Ok(())
    });
    assert!(most >= 3, "a random client takes some pieces, and not {most}");
}

#[derive(Default)]
struct Receiver([u32; 2]);

impl twice::Receiver for Receiver {
    fn on_one(&mut self, one: u32) -> HandlerResult<()> {
        self.0[0] = one;
        Ok(())
    }
    fn on_other(&mut self, other: u32) -> HandlerResult<()> {
        self.0[1] = other;
        Ok(())
    }
}

#[test]
fn lanes_draw_on_their_own() {
    let mut differ = 0;
    for_every_seed(50, |seed| {
        let roles = twice::Roles { sender: ByHandler, receiver: Receiver::default() };
        let random = Random::new(seed).by_type(|draw| draw.between(0, u32::MAX));
        let [one, other] = roles.play_with(&random)?.receiver.0;
        differ += usize::from(one != other);
        Ok(())
    });
    assert!(differ > 45, "only {differ} of 50 differ");
}

#[derive(Default)]
struct Talker {
    has_said: usize,
    heard: Vec<String>,
    is_alone: bool,
}

impl chat::Ann for Talker {
    fn talk(&mut self) -> HandlerResult<chat::Talk> {
        self.has_said += 1;
        let stays = self.has_said <= 3 && !self.is_alone;
        Ok(if stays { chat::Talk::Say("Hm.".to_owned()) } else { chat::Talk::Leave })
    }
    fn on_say(&mut self, say: String) -> HandlerResult<()> {
        self.heard.push(say);
        Ok(())
    }
    fn on_leave(&mut self) -> HandlerResult<()> {
        self.is_alone = true;
        Ok(())
    }
}

fn talker() -> chat::Roles<Talker, ByHandler> {
    chat::Roles { ann: Talker::default(), ben: ByHandler }
}

#[test]
fn what_is_heard_does_not_depend_on_turns() {
    let heard = Schedules::new().check(|vm| {
        let session = talker().open(vm)?;
        let script = Script::new()
            .choose("Ben", "Say", "one")
            .choose("Ben", "Say", "two")
            .expect("Ben", "Leave", ())
            .choose("Ben", "Leave", ());
        vm.run(&script)?;
        script.finish()?;
        Ok(session.into_roles(vm)?.ann.heard)
    });
    assert_eq!(heard.expect("it is the same"), ["one", "two"]);
}

#[test]
fn messages_in_lanes_are_late_or_lost() {
    let scenario = |vm: &mut telltale_testing::TestVM| {
        let session = server(10).open(vm)?;
        let script = had_enough();
        vm.run(&script)?;
        script.finish()?;
        let server = session.into_roles(vm)?.server;
        Ok::<_, Box<dyn std::error::Error>>((server.pieces, server.client_has))
    };
    assert_eq!(delay_each_message(scenario), (8, 2));
    let runs = lose_each_message(scenario);
    assert_eq!(runs.len(), 7);
    for run in &runs {
        assert!(run.panic().is_none() && *run.fate() != Fate::Complete, "{run}");
    }
}

#[derive(Default)]
struct Clerk {
    may_reply: bool,
    told: Vec<u8>,
}

impl behind::Clerk for Clerk {
    fn on_first(&mut self, first: u8) -> HandlerResult<()> {
        self.told.push(first);
        Ok(())
    }
    fn reply(&mut self) -> HandlerResult<u8> {
        if self.may_reply { Ok(0) } else { Err(HandlerError::pending()) }
    }
    fn on_second(&mut self, second: u8) -> HandlerResult<()> {
        self.told.push(second);
        Ok(())
    }
    fn on_third(&mut self, third: u8) -> HandlerResult<()> {
        self.told.push(third);
        Ok(())
    }
    fn on_go(&mut self, _: u8) -> HandlerResult<()> {
        self.may_reply = true;
        Ok(())
    }
}

/// A late message that finds no room is not in the way of another lane.
#[test]
fn late_messages_wait_for_room_in_their_own_lane() {
    let schedule = Schedule { capacity: 1, ..Schedule::default() };
    let told = schedule.delay_each_message(|vm| {
        let session = behind::Roles { asker: ByHandler, clerk: Clerk::default(), boss: ByHandler }
            .open(vm)?;
        vm.run(&Random::new(3))?;
        Ok(session.into_roles(vm)?.clerk.told.len())
    });
    assert_eq!(told, 3);
}
