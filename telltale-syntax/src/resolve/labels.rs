//! The labels of a protocol; each has one payload type.

use std::collections::BTreeMap;
use std::rc::Rc;

use quote::ToTokens;
use telltale_types::LabelId;

use super::{Protocol, ProtocolIndex};
use crate::ast::{Do, Message};
use crate::camel::check_camel_case;
use crate::diagnostic::Diagnostic;
use crate::excerpt::excerpt;
use crate::mistake::Mistake;
use crate::mistakes::Mistakes;
use crate::payload::{find_unfit, type_text};
use crate::quote::Quote;
use crate::span::SpanRange;

/// A label and where it is first used.
#[derive(Clone)]
pub(crate) struct LabelEntry<'a> {
    /// The payload type as text.
    pub(crate) payload: Rc<str>,
    /// The message that gives the label its payload type, perhaps in a protocol that is run.
    pub(crate) first: &'a Message,
}

impl LabelEntry<'_> {
    pub(crate) fn name(&self) -> String {
        self.first.label.to_string()
    }

    pub(crate) fn quote(&self) -> Quote {
        Quote::new(self.first.span, self.first)
    }
}

/// The labels of one protocol, growing as its statements are read.
#[derive(Default)]
pub(super) struct Labels<'a> {
    pub(super) entries: Vec<LabelEntry<'a>>,
    by_name: BTreeMap<String, LabelId>,
    /// What the labels of a protocol that is run are called here.
    adopted: BTreeMap<ProtocolIndex, Rc<[LabelId]>>,
    is_full: bool,
}

impl<'a> Labels<'a> {
    /// The label of a message.
    pub(super) fn of(&mut self, message: &'a Message, mistakes: &mut Mistakes) -> Option<LabelId> {
        let name = message.label.to_string();
        if let Some(&label) = self.by_name.get(&name) {
            let entry = &self.entries[label.index()];
            if entry.payload != message.payload_text {
                let (given, expected) = (excerpt(&message.payload_text), excerpt(&entry.payload));
                let first = entry.quote();
                let mistake = Mistake::PayloadClash { label: name, given, expected, first };
                mistakes.push(Diagnostic::new(mistake, payload_span(message)));
            }
            return Some(label);
        }
        check_camel_case("label", &message.label, mistakes);
        check_types(message, mistakes);
        let entry = LabelEntry { payload: Rc::clone(&message.payload_text), first: message };
        self.add(name, entry, (&message.label).into(), mistakes)
    }

    /// What the labels of a protocol are called in the one that runs it.
    pub(super) fn adopt(
        &mut self,
        call: &Do,
        (index, callee): (ProtocolIndex, &Protocol<'a>),
        mistakes: &mut Mistakes,
    ) -> Option<Rc<[LabelId]>> {
        if let Some(known) = self.adopted.get(&index) {
            return Some(Rc::clone(known));
        }
        let mut adopted = Vec::new();
        for theirs in &callee.labels {
            adopted.push(self.adopt_one(call, theirs, mistakes)?);
        }
        let adopted: Rc<[LabelId]> = adopted.into();
        self.adopted.insert(index, Rc::clone(&adopted));
        Some(adopted)
    }

    fn adopt_one(
        &mut self,
        call: &Do,
        theirs: &LabelEntry<'a>,
        mistakes: &mut Mistakes,
    ) -> Option<LabelId> {
        let name = theirs.name();
        let Some(&label) = self.by_name.get(&name) else {
            return self.add(name, theirs.clone(), call.span, mistakes);
        };
        let ours = &self.entries[label.index()];
        if ours.payload != theirs.payload {
            let mistake = Mistake::LabelClash {
                label: name,
                protocol: call.protocol.to_string(),
                theirs: excerpt(&theirs.payload),
                theirs_at: theirs.quote(),
                ours: excerpt(&ours.payload),
                ours_at: ours.quote(),
            };
            mistakes.push(Diagnostic::new(mistake, call.span));
        }
        Some(label)
    }

    fn add(
        &mut self,
        name: String,
        entry: LabelEntry<'a>,
        span: SpanRange,
        mistakes: &mut Mistakes,
    ) -> Option<LabelId> {
        if self.entries.len() == LabelId::LIMIT {
            if !std::mem::replace(&mut self.is_full, true) {
                let mistake = Mistake::TooManyLabels { label: name, limit: LabelId::LIMIT };
                mistakes.push(Diagnostic::new(mistake, span));
            }
            return None;
        }
        let label = LabelId::at(self.entries.len());
        self.by_name.insert(name, label);
        self.entries.push(entry);
        Some(label)
    }
}

fn check_types(message: &Message, mistakes: &mut Mistakes) {
    for ty in message.payload.types() {
        if let Some((unfit, span)) = find_unfit(ty) {
            let mistake = Mistake::UnfitPayload { payload: excerpt(&type_text(ty)), unfit };
            mistakes.push(Diagnostic::new(mistake, span));
        }
    }
}

/// The types of a message, or its label when it has none.
fn payload_span(message: &Message) -> SpanRange {
    let tokens = message.payload.types().flat_map(ToTokens::to_token_stream).collect();
    SpanRange::of_tokens(tokens, (&message.label).into())
}
