//! Users may call their things as they like and deny what they like.
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::pedantic
)]
#![forbid(unsafe_code)]
#![allow(dead_code, clippy::upper_case_acronyms, reason = "these only hide names")]

use std::fmt::Write as _;

use telltale_vm::{HandlerResult as Handled, NoHandler, VM, VMConfig, choreography};

/// Every name that generated code could be careless with.
macro_rules! hide {
    ($($name:ident)*) => {$(struct $name;)*};
}
hide! {
    Result Option Some None Err Box Vec String Send Sync Clone Copy Debug PartialEq Eq Hash
    Value RoleObjects Outcome CodeImage HandlerResult SessionId RoleId LabelId IMAGE
}

#[expect(non_snake_case, reason = "hides the variant")]
fn Ok() {}

type Text = std::string::String;

mod outside {
    #[derive(Debug, PartialEq)]
    pub(super) struct Item(pub(super) u8);
}

#[derive(Debug, PartialEq)]
struct Private(u8);

mod inside {
    use super::*;

    choreography! {
        protocol Hidden(A, B) {
            A -> B: Own(self::Local);
            A -> B: Outer(super::outside::Item);
            A -> B: Above(super::Private);
            B -> A: Type(std::vec::Vec<std::option::Option<Private>>);
            B -> A: Match { r#type: u8, from: [u8; 2] };
            B -> A: Into;
            A -> B: Host(self::Local);
        }
    }

    #[derive(Debug, PartialEq)]
    pub(super) struct Local(pub(super) u8);

    #[derive(Debug, Default)]
    pub(super) struct One(Text);

    impl hidden::A for One {
        fn own(&mut self) -> Handled<Local> {
            std::result::Result::Ok(Local(1))
        }
        fn outer(&mut self) -> Handled<outside::Item> {
            std::result::Result::Ok(outside::Item(2))
        }
        fn above(&mut self) -> Handled<Private> {
            std::result::Result::Ok(Private(3))
        }
        fn host(&mut self) -> Handled<Local> {
            std::result::Result::Ok(Local(4))
        }
        fn on_type(&mut self, r#type: std::vec::Vec<std::option::Option<Private>>) -> Handled<()> {
            write!(self.0, "{type:?} ")?;
            std::result::Result::Ok(())
        }
        fn on_match(&mut self, r#type: u8, from: [u8; 2]) -> Handled<()> {
            write!(self.0, "{type} {from:?} ")?;
            std::result::Result::Ok(())
        }
        fn on_into(&mut self) -> Handled<()> {
            self.0.push_str("into");
            std::result::Result::Ok(())
        }
    }

    impl hidden::B for One {
        fn on_own(&mut self, own: Local) -> Handled<()> {
            write!(self.0, "{own:?} ")?;
            std::result::Result::Ok(())
        }
        fn on_outer(&mut self, outer: outside::Item) -> Handled<()> {
            write!(self.0, "{outer:?} ")?;
            std::result::Result::Ok(())
        }
        fn on_above(&mut self, above: Private) -> Handled<()> {
            write!(self.0, "{above:?} ")?;
            std::result::Result::Ok(())
        }
        fn on_host(&mut self, host: Local) -> Handled<()> {
            write!(self.0, "{host:?}")?;
            std::result::Result::Ok(())
        }
        fn r#type(&mut self) -> Handled<std::vec::Vec<std::option::Option<Private>>> {
            std::result::Result::Ok(vec![std::option::Option::Some(Private(5))])
        }
        fn r#match(&mut self) -> Handled<hidden::Match> {
            std::result::Result::Ok(hidden::Match { r#type: 6, from: [7, 8] })
        }
    }

    #[test]
    fn hidden_names_do_not_matter() {
        let mut vm = VM::new(VMConfig::default());
        let session =
            hidden::Roles { a: One::default(), b: One::default() }.open(&mut vm).expect("room");
        vm.run(&NoHandler, 1_000).expect("no fault");
        let ended = session.into_roles(&mut vm).expect("it has ended");
        assert_eq!(ended.a.0, "[Some(Private(5))] 6 [7, 8] into");
        assert_eq!(ended.b.0, "Local(1) Item(2) Private(3) Local(4)");
    }
}

choreography! {
    /// Roles that are called like what is generated, and like what every program knows.
    pub protocol Names(RoleObjects, Host, IMAGE, Send, Ok) {
        RoleObjects -> Host: Ping(u8);
        Host -> IMAGE: Cases;
        IMAGE -> Send: Ping(u8);
        Send -> Ok: Borrow(u8);
    }
}

/// Plays every role.
#[derive(Debug, Default)]
struct All(u8);

impl names::RoleObjects for All {
    fn ping(&mut self) -> Handled<u8> {
        std::result::Result::Ok(self.0)
    }
}

impl names::Host for All {
    fn on_ping(&mut self, ping: u8) -> Handled<()> {
        self.0 = ping;
        std::result::Result::Ok(())
    }
}

impl names::IMAGE for All {
    fn ping(&mut self) -> Handled<u8> {
        std::result::Result::Ok(self.0)
    }
    fn on_cases(&mut self) -> Handled<()> {
        self.0 += 1;
        std::result::Result::Ok(())
    }
}

impl names::Send for All {
    fn borrow(&mut self) -> Handled<u8> {
        std::result::Result::Ok(self.0)
    }
    fn on_ping(&mut self, ping: u8) -> Handled<()> {
        self.0 = ping;
        std::result::Result::Ok(())
    }
}

impl names::Ok for All {
    fn on_borrow(&mut self, borrow: u8) -> Handled<()> {
        self.0 = borrow;
        std::result::Result::Ok(())
    }
}

#[test]
fn roles_may_have_any_name() {
    let mut vm = VM::new(VMConfig::default());
    let [cast, host, image, send, ok] = [1, 2, 3, 4, 5].map(All);
    let session =
        names::Roles { role_objects: cast, host, image, send, ok }.open(&mut vm).expect("room");
    vm.run(&NoHandler, 1_000).expect("no fault");
    let ended = session.into_roles(&mut vm).expect("it has ended");
    assert_eq!((ended.host.0, ended.send.0, ended.ok.0), (1, 4, 4));
}

mod own {
    use super::*;

    /// Not the one that everybody knows.
    pub(super) struct Vec<T>(pub(super) T);

    choreography! {
        /// Payloads that are spelled like those which the machine knows.
        pub protocol Own(Ann, Ben) {
            Ann -> Ben: Name(String);
            Ben -> Ann: List(Vec<u8>);
        }
    }

    struct Person(u8);

    impl own::Ann for Person {
        fn name(&mut self) -> Handled<String> {
            std::result::Result::Ok(String)
        }
        fn on_list(&mut self, list: Vec<u8>) -> Handled<()> {
            self.0 += list.0;
            std::result::Result::Ok(())
        }
    }

    impl own::Ben for Person {
        fn on_name(&mut self, _: String) -> Handled<()> {
            self.0 += 1;
            std::result::Result::Ok(())
        }
        fn list(&mut self) -> Handled<Vec<u8>> {
            std::result::Result::Ok(Vec(self.0))
        }
    }

    #[test]
    fn a_type_may_be_spelled_like_another() {
        // On the script and off it.
        for quantum in [64, 1] {
            let mut vm = VM::new(VMConfig { quantum, ..VMConfig::default() });
            let session =
                own::Roles { ann: Person(1), ben: Person(2) }.open(&mut vm).expect("room");
            vm.run(&NoHandler, 1_000).expect("no fault");
            let ended = session.into_roles(&mut vm).expect("it has ended");
            assert_eq!((ended.ann.0, ended.ben.0), (4, 3));
        }
    }
}
