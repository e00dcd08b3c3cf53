//! From the tree that somebody wrote to a sequence diagram.
//!
//! The tree, and not the type, has the structure that people think in: a loop that is left in two places is an edge of the type,
//! and a frame on a whiteboard.

use std::collections::BTreeMap;

use telltale_syntax::ast::{Block, Jump, Message, Protocol, Statement};
use telltale_types::LabelView;

use crate::sequence::{Frame, FrameKind, Item, Sequence};

impl Sequence {
    /// The diagram of a protocol as it is written. What is run by `do` is a box.
    ///
    /// Roles that the protocol does not have are left out, so a protocol with mistakes is drawn as far as it can be understood.
    ///
    /// ```
    /// use telltale_diagram::Sequence;
    ///
    /// let analysis = telltale_syntax::analyse_str(
    ///     "protocol Ping(Alice, Bob) { loop { Alice -> Bob: Ping; Bob -> Alice: Pong(u64); } }",
    /// );
    /// let ping = Sequence::of_protocol(&analysis.ast.protocols[0]);
    /// assert_eq!(ping.rows(), 3);
    /// ```
    pub fn of_protocol(protocol: &Protocol) -> Self {
        let roles: Vec<String> = protocol.roles.iter().map(|role| role.name.to_string()).collect();
        let places = roles.iter().enumerate().map(|(at, name)| (name.clone(), at)).collect();
        let items = Places(places).items(&protocol.body);
        Self { title: protocol.name.to_string(), roles, items }
    }
}

/// Where each role stands.
struct Places(BTreeMap<String, usize>);

impl Places {
    fn items(&self, block: &Block) -> Vec<Item> {
        block.statements.iter().flat_map(|statement| self.statement(statement)).collect()
    }

    fn statement(&self, statement: &Statement) -> Vec<Item> {
        let frame = |kind, title: String| {
            let sections = statement.blocks().iter().map(|block| self.items(block)).collect();
            vec![Item::Frame(Frame { kind, title, sections })]
        };
        match statement {
            Statement::Message(message) => self.messages(message),
            Statement::Choice(choice) => {
                let name = choice.name.as_ref().map_or_else(String::new, |name| format!("{name} "));
                frame(FrameKind::Choice, format!("{name}at {}", choice.chooser))
            }
            Statement::Loop(looping) => {
                let label = looping.label.as_ref().map(|label| format!("'{}", label.name));
                frame(FrameKind::Loop, label.unwrap_or_default())
            }
            Statement::Par(_) => frame(FrameKind::Par, String::new()),
            Statement::Break(jump) => vec![jumps("break", jump)],
            Statement::Continue(jump) => vec![jumps("continue", jump)],
            Statement::Do(call) => {
                let places = || call.roles.iter().filter_map(|role| self.of(role));
                let roles = places().min().zip(places().max());
                roles
                    .map(|roles| Item::Note { roles, text: call.to_string() })
                    .into_iter()
                    .collect()
            }
        }
    }

    /// Each sender to each receiver, in the order in which they are sent.
    fn messages(&self, message: &Message) -> Vec<Item> {
        let (name, payload) = (message.label.to_string(), message.payload.text());
        let text = LabelView { name: &name, payload: &payload }.to_string();
        let pairs = message.senders.iter().flat_map(|sender| {
            message.receivers.iter().map(|receiver| self.of(sender).zip(self.of(receiver)))
        });
        let apart = pairs.flatten().filter(|(from, to)| from != to);
        apart.map(|(from, to)| Item::message(from, to, &text)).collect()
    }

    fn of(&self, role: &impl ToString) -> Option<usize> {
        self.0.get(&role.to_string()).copied()
    }
}

fn jumps(word: &str, jump: &Jump) -> Item {
    let label = jump.label.as_ref().map_or_else(String::new, |label| format!(" '{}", label.name));
    Item::Jump(format!("{word}{label}"))
}
