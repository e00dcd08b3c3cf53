//! Every form of the language, and every rule about generated names.

use std::fmt::Write;

use telltale_vm::{HandlerResult, NoHandler, VM, choreography};

choreography! {
    /// Labels with several peers, payloads of every shape.
    protocol Shapes(Hub, Left, Right) {
        Hub -> Left, Right: Start;
        Left -> Hub: Report(u8, String);
        Right -> Hub: Report(u8, String);
        Hub -> Left, Right: Total { sum: u8, names: Vec<String> };
        Left -> Right: Bye;
    }

    /// The same branch goes to two receivers, and each has a choice of its own.
    protocol Choices(Boss, Ann, Ben) {
        choice Next at Boss {
            Boss -> Ann: Stop;
            Boss -> Ben: Stop;
        } or {
            Boss -> Ben: Stop;
            Boss -> Ann: Go(u8, u8);
        } or {
            Boss -> Ann: Work { hours: u8 };
            Boss -> Ben: Stop;
            choice at Ann {
                Ann -> Boss: Done;
            } or {
                Ann -> Boss: Failed(String);
            }
        }
    }

    /// The same choice at two places is one.
    protocol Walk(Guide, Tourist) {
        choice Turn at Guide {
            Guide -> Tourist: Left;
        } or {
            Guide -> Tourist: Right(u8);
        }
        Tourist -> Guide: Ready;
        choice at Guide {
            Guide -> Tourist: Right(u8);
        } or {
            Guide -> Tourist: Left;
        }
    }

    protocol Hello(Client, Server) {
        Client -> Server: Ask(u8);
        Server -> Client: Answer(u8);
    }

    /// One after the other, and side by side.
    protocol Calls(A, B, C, D) {
        do Hello(A, B);
        do Hello(B, C);
        par {
            A -> B: Ask(u8);
        } and {
            C -> D: Ask(u8);
        }
    }
}

/// Writes down what it is told, in one line.
#[derive(Debug, Default)]
struct Log(String);

impl Log {
    fn add(&mut self, what: impl std::fmt::Debug) -> HandlerResult<()> {
        Ok(write!(self.0, "{what:?} ")?)
    }
}

impl shapes::Hub for Log {
    // `start` has a default body.
    fn total_to(&mut self, to: shapes::Role) -> HandlerResult<shapes::Total> {
        self.add(to)?;
        self.total()
    }
    fn total(&mut self) -> HandlerResult<shapes::Total> {
        Ok(shapes::Total { sum: 3, names: vec!["left".to_owned(), "right".to_owned()] })
    }
    fn on_report_from(&mut self, from: shapes::Role, report: (u8, String)) -> HandlerResult<()> {
        self.add((from, report))
    }
    fn on_report(&mut self, _: (u8, String)) -> HandlerResult<()> {
        Err("the method that names the peer is called".into())
    }
}

impl shapes::Left for Log {
    fn report(&mut self) -> HandlerResult<(u8, String)> {
        Ok((1, "left".to_owned()))
    }
    fn on_start(&mut self) -> HandlerResult<()> {
        self.add("start")
    }
    fn on_total(&mut self, sum: u8, names: Vec<String>) -> HandlerResult<()> {
        self.add((sum, names))
    }
}

impl shapes::Right for Log {
    fn report(&mut self) -> HandlerResult<(u8, String)> {
        Ok((2, "right".to_owned()))
    }
    fn on_start(&mut self) -> HandlerResult<()> {
        self.add("start")
    }
    fn on_total(&mut self, sum: u8, names: Vec<String>) -> HandlerResult<()> {
        self.add((sum, names))
    }
    fn on_bye(&mut self) -> HandlerResult<()> {
        self.add("bye")
    }
}

#[test]
fn payloads_of_every_shape_arrive() {
    let roles = shapes::Roles { hub: Log::default(), left: Log::default(), right: Log::default() };
    let ended = roles.play().expect("nothing goes wrong");
    assert_eq!(ended.hub.0, "(Left, (1, \"left\")) (Right, (2, \"right\")) Left Right ");
    assert_eq!(ended.left.0, "\"start\" (3, [\"left\", \"right\"]) ");
    assert_eq!(ended.right.0, "\"start\" (3, [\"left\", \"right\"]) \"bye\" ");
}

struct Boss(Option<choices::Next>, Log);

impl choices::Boss for Boss {
    fn next(&mut self) -> HandlerResult<choices::Next> {
        self.0.take().ok_or_else(|| telltale_vm::HandlerError::msg("asked twice"))
    }
    fn go(&mut self) -> HandlerResult<(u8, u8)> {
        Ok((1, 2))
    }
    fn on_done(&mut self) -> HandlerResult<()> {
        self.1.add("done")
    }
    fn on_failed(&mut self, failed: String) -> HandlerResult<()> {
        self.1.add(failed)
    }
}

impl choices::Ann for Log {
    fn on_stop(&mut self) -> HandlerResult<()> {
        self.add("stop")
    }
    fn on_go(&mut self, go: (u8, u8)) -> HandlerResult<()> {
        self.add(go)
    }
    fn on_work(&mut self, hours: u8) -> HandlerResult<()> {
        self.add(hours)
    }
    fn choose(&mut self) -> HandlerResult<choices::AnnChoice> {
        Ok(choices::AnnChoice::Failed("tired".to_owned()))
    }
}

impl choices::Ben for Log {
    fn on_stop(&mut self) -> HandlerResult<()> {
        self.add("stop")
    }
}

#[test]
fn every_branch_is_the_one_that_was_picked() {
    use choices::Next;

    for (next, boss, ann) in [
        (Next::StopToAnn, "", "\"stop\" "),
        (Next::StopToBen, "", "(1, 2) "),
        (Next::Work { hours: 9 }, "\"tired\" ", "9 "),
    ] {
        let boss_object = Boss(Some(next), Log::default());
        let ended = choices::Roles { boss: boss_object, ann: Log::default(), ben: Log::default() }
            .play()
            .expect("nothing goes wrong");
        assert_eq!(ended.boss.1.0, boss);
        assert_eq!(ended.ann.0, ann);
        assert_eq!(ended.ben.0, "\"stop\" ");
    }
}

struct Guide(u8);

impl walk::Guide for Guide {
    fn turn(&mut self) -> HandlerResult<walk::Turn> {
        self.0 += 1;
        Ok(if self.0 == 1 { walk::Turn::Right(self.0) } else { walk::Turn::Left })
    }
    fn on_ready(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

impl walk::Tourist for Log {
    fn on_left(&mut self) -> HandlerResult<()> {
        self.add("left")
    }
    fn on_right(&mut self, right: u8) -> HandlerResult<()> {
        self.add(right)
    }
}

#[test]
fn one_method_makes_equal_choices() {
    let mut vm = VM::default();
    let session: telltale_vm::Session<walk::Roles<Guide, Log>> =
        walk::Roles { guide: Guide(0), tourist: Log::default() }.open(&mut vm).expect("room");
    vm.run(&NoHandler, 1_000).expect("nothing goes wrong");
    let ended = session.into_roles(&mut vm).expect("it is complete");
    assert_eq!((ended.guide.0, ended.tourist.0.as_str()), (2, "1 \"left\" "));
}

macro_rules! caller {
    ($($role:ident: $($method:ident($($from:ident)?))*;)*) => {$(
        impl calls::$role for Log {
            $(caller!(@ $method $($from)?);)*
        }
    )*};
    (@ ask to) => {
        fn ask_to(&mut self, to: calls::Role) -> HandlerResult<u8> {
            self.add(("ask", to)).map(|()| 1)
        }
        fn ask(&mut self) -> HandlerResult<u8> {
            Err("the method that names the peer is called".into())
        }
    };
    (@ ask) => {
        fn ask(&mut self) -> HandlerResult<u8> {
            Ok(2)
        }
    };
    (@ answer) => {
        fn answer(&mut self) -> HandlerResult<u8> {
            Ok(3)
        }
    };
    (@ on_ask) => {
        fn on_ask(&mut self, ask: u8) -> HandlerResult<()> {
            self.add(ask)
        }
    };
    (@ on_answer) => {
        fn on_answer(&mut self, answer: u8) -> HandlerResult<()> {
            self.add(answer)
        }
    };
}

caller! {
    A: ask() on_answer();
    B: ask() on_ask() answer() on_answer();
    C: ask() on_ask() answer();
    D: on_ask();
}

#[test]
fn protocols_run_others() {
    let [a, b, c, d] = [(); 4].map(|()| Log::default());
    let ended = calls::Roles { a, b, c, d }.play().expect("nothing goes wrong");
    assert_eq!(ended.a.0, "3 ");
    assert_eq!(ended.b.0, "2 3 2 ");
    assert_eq!(ended.c.0, "2 ");
    assert_eq!(ended.d.0, "2 ");
}

#[test]
fn every_image_is_the_one_of_run_time() {
    use telltale_vm::loader::CodeImage;

    for image in [&shapes::IMAGE, &choices::IMAGE, &walk::IMAGE, &hello::IMAGE, &calls::IMAGE] {
        let locals = telltale_theory::project_all(&image.global_type).expect("it was projected");
        let locals = locals.into_iter().collect();
        assert_eq!(*image, CodeImage::from_local_types(&locals, &image.global_type));
    }
}
