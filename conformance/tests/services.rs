//! Random protocols, each role played by a service, over an engine that loses what it is asked, hands out parts twice and lets
//! processes die: in the end every role has said and heard what it does in one machine, once each and in the same order.
//!
//! `TELLTALE_RANDOM_PROTOCOLS` says how many hundreds of them; a failure names its seed, and `TELLTALE_SEED=17` tries that one alone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use pollster::block_on;
use serde::{Deserialize, Serialize};
use telltale_bytecode::{CodeImage, SetId};
use telltale_conformance::grammar::random_protocols;
use telltale_conformance::image::image_of;
use telltale_net::engine::memory::{Faults, Memory};
use telltale_net::engine::{Ending, Engine, EngineError};
use telltale_net::{Server, ServerConfig, Service, SessionKey, Start, Step};
use telltale_testing::for_every_seed;
use telltale_theory::Options;
use telltale_theory::oracle::{Shape, generate, with_payloads};
use telltale_vm::generated::{ChoiceVisitor, MessageVisitor, Player, Players, RoleObjects};
use telltale_vm::{HandlerError, LabelId, NoHandler, RoleId, Session, VM};

/// After so many messages of its own a role always takes its first branch.
const PATIENCE: u64 = 20;

/// What a role has said and heard: how much, and a sum in which the order counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Tally {
    count: u64,
    sum: u64,
}

impl Tally {
    fn note(&mut self, what: u64, label: LabelId, payload: u64) {
        self.count += 1;
        let mixed = self.sum ^ (what << 48) ^ (u64::from(label.0) << 32) ^ payload;
        self.sum = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    }

    /// What it says next depends on all that it has said and heard.
    fn say(&mut self, label: LabelId) -> u64 {
        let payload = self.sum >> 20;
        self.note(1, label, payload);
        payload
    }

    fn hear(&mut self, label: LabelId, payload: u64) {
        self.note(2, label, payload);
    }

    fn decide(&self, branches: usize) -> usize {
        if self.count > PATIENCE { 0 } else { (self.sum >> 40) as usize % branches }
    }
}

/// The roles that are here, and their protocol.
struct Tallies {
    image: Arc<CodeImage>,
    roles: BTreeMap<RoleId, Tally>,
    nobody: Tally,
}

impl Tallies {
    fn new(image: &Arc<CodeImage>, roles: impl IntoIterator<Item = (RoleId, Tally)>) -> Self {
        Self {
            image: Arc::clone(image),
            roles: roles.into_iter().collect(),
            nobody: Tally::default(),
        }
    }
}

impl RoleObjects for Tallies {
    fn message<V: MessageVisitor>(
        &mut self,
        from: RoleId,
        to: RoleId,
        label: LabelId,
        visitor: V,
    ) -> V::Done {
        let mut sender = self.roles.get(&from).copied().unwrap_or_default();
        let receiver = self.roles.get_mut(&to).unwrap_or(&mut self.nobody);
        let done = visitor.transfer(
            &mut sender,
            |sender| Ok(sender.say(label)),
            receiver,
            |receiver, payload| {
                receiver.hear(label, payload);
                Ok(())
            },
        );
        if let Some(known) = self.roles.get_mut(&from) {
            *known = sender;
        }
        done
    }

    fn choice<V: ChoiceVisitor>(&mut self, role: RoleId, set: SetId, visitor: V) -> V::Done {
        let Some(mut sender) = self.roles.get(&role).copied() else {
            return visitor.fail(HandlerError::msg("it is elsewhere"));
        };
        let branches = self.image.branches(set);
        let nth = sender.decide(branches.len());
        let (to, label) = (branches[nth].peer, branches[nth].label);
        let payload = sender.say(label);
        self.roles.insert(role, sender);
        let receiver = self.roles.get_mut(&to).unwrap_or(&mut self.nobody);
        visitor.transfer(nth, payload, receiver, |receiver, payload| {
            receiver.hear(label, payload);
            Ok(())
        })
    }

    fn players(&self) -> Players {
        let all = (0..self.image.names().role_count()).map(RoleId::at);
        all.filter(|role| !self.roles.contains_key(role))
            .fold(Players::OBJECTS, |players, role| players.with(role, Player::Elsewhere))
    }
}

/// A service for one role. It notes what each session has come to for it in the end.
struct Tallying {
    image: Arc<CodeImage>,
    role: RoleId,
    ends: Arc<Mutex<BTreeMap<(SessionKey, RoleId), Tally>>>,
}

impl Service for Tallying {
    type Roles = Tallies;
    type State = Tally;

    fn image(&self) -> &CodeImage {
        &self.image
    }

    fn role(&self) -> &str {
        self.image.names().role(self.role)
    }

    fn restore(&self, _: &Step, state: Option<Tally>) -> Tallies {
        Tallies::new(&self.image, [(self.role, state.unwrap_or_default())])
    }

    fn save(&self, roles: &Tallies) -> Tally {
        roles.roles[&self.role]
    }

    fn ended(&self, step: &Step, roles: Tallies, ending: Option<&Ending>) {
        assert_eq!(ending, None, "nobody ends it");
        let mut ends = self.ends.lock().expect("nobody panics");
        ends.insert((step.session().clone(), self.role), roles.roles[&self.role]);
    }
}

/// All roles in one machine, if that comes to an end.
fn in_one_machine(image: &Arc<CodeImage>) -> Option<BTreeMap<RoleId, Tally>> {
    let roles = image.names().roles().map(|(role, _)| (role, Tally::default()));
    let mut vm = VM::default();
    let session = Session::open(&mut vm, image, Tallies::new(image, roles)).expect("there is room");
    vm.run(&NoHandler, 400).expect("nobody faults");
    session.into_roles(&mut vm).ok().map(|all| all.roles)
}

fn random_protocol(seed: u64) -> Option<Arc<CodeImage>> {
    let global =
        generate(seed, Shape { roles: 2 + seed as usize % 3, states: 7, exits: 3, labels: 3 });
    let global = with_payloads(&global, |_| "u64");
    let options = Options { allow_silent_end: true, find_remedies: false, ..Options::default() };
    image_of(&global, &options).map(Arc::new)
}

/// Gives whether the protocol of this seed could be played.
fn try_seed(seed: u64) -> bool {
    let Some(image) = random_protocol(seed) else { return false };
    let Some(expected) = in_one_machine(&image) else { return false };
    let engine = Memory::with_faults(seed, Faults::ALL);
    let start = Start::of(&image).called("it");
    while let Err(EngineError::Lost(_)) = block_on(start.on(&engine)) {}
    let ends = Arc::default();
    // Each process serves some of the roles, and some roles are served by two.
    let process = |nth: usize| {
        let config = ServerConfig {
            attempts: u32::MAX,
            messages: 1 + seed as usize % 4,
            ..ServerConfig::default()
        };
        image.names().roles().fold(Server::with(engine.clone(), config), |server, (role, _)| {
            let is_served = !(role.index() + nth).is_multiple_of(3);
            let service = || Tallying { image: Arc::clone(&image), role, ends: Arc::clone(&ends) };
            if is_served { server.serve(service()) } else { server }
        })
    };
    let mut processes = [process(0), process(1), process(2)];
    for turn in 0_usize.. {
        assert!(turn < 20_000, "the session does not end");
        let nth = turn % processes.len();
        match block_on(processes[nth].step()) {
            Ok(_) => {}
            Err(EngineError::Lost(_)) => processes[nth] = process(nth),
            Err(error) => panic!("{error}"),
        }
        if engine.open_sessions() == 0 {
            break;
        }
    }
    let key = SessionKey::from("it");
    let ending = std::iter::repeat_with(|| block_on(engine.ending(&key))).find_map(Result::ok);
    let ending = ending.expect("somebody hears at last");
    assert_eq!(ending, Some(Ending::Complete));
    assert_eq!(engine.messages(), 0);
    let ends = ends.lock().expect("nobody panics");
    let ends: BTreeMap<RoleId, Tally> =
        ends.iter().map(|((_, role), tally)| (*role, *tally)).collect();
    assert_eq!(ends, expected);
    true
}

#[test]
fn whatever_is_killed_every_message_counts_once() {
    let (mut tried, mut played) = (0_u64, 0_u64);
    for_every_seed(100 * random_protocols() as u64, |seed| {
        tried += 1;
        played += u64::from(try_seed(seed));
        Ok(())
    });
    assert!(tried == 1 || played * 5 > tried, "only {played} of {tried} were played");
}
