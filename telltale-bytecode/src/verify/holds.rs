//! What is known of the registers of a role.

use std::collections::BTreeMap;

use telltale_types::{LabelId, Names};

use crate::payload::{PayloadKind, is_value_of};
use crate::{EffectId, Image, ImmKind};

/// What a register holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Holds {
    Nothing,
    Scalar(ImmKind, u32),
    /// What came with a message.
    Payload(LabelId),
    /// What an effect gave.
    Effect(EffectId),
    /// What an effect gave, unless that has been moved out: nobody knows whether it is a scalar.
    Unclear,
}

/// The messages with which results of effects are sent, by the names of the effects, which are what a handler knows. All that an
/// effect gives is of one type, so these have to be of the same.
#[derive(Debug, Default)]
pub(crate) struct Effects(BTreeMap<String, LabelId>);

impl Holds {
    /// What is moved out of a register, and what stays in it.
    ///
    /// # Errors
    ///
    /// What is there instead, in words.
    pub(crate) fn take(&mut self, names: &Names) -> Result<Self, &'static str> {
        let taken = *self;
        *self = match taken {
            Self::Nothing => return Err("nothing"),
            Self::Unclear => return Err("what an effect gave, which may have been moved out"),
            Self::Payload(label) if !PayloadKind::is_scalar(names.label(label).payload) => {
                Self::Nothing
            }
            Self::Effect(_) => Self::Unclear,
            Self::Scalar(..) | Self::Payload(_) => taken,
        };
        Ok(taken)
    }

    /// Moves out of a register what a message is to carry.
    ///
    /// # Errors
    ///
    /// What is there instead, in words.
    pub(crate) fn take_for(
        &mut self,
        label: LabelId,
        image: &Image,
        effects: &mut Effects,
    ) -> Result<(), String> {
        let names = image.names();
        let payload = names.label(label).payload;
        match self.take(names)? {
            Self::Scalar(kind, bits) if !is_value_of(payload, kind, bits) => {
                Err(format!("`{}`", crate::disasm::immediate(kind, bits)))
            }
            Self::Payload(other) if names.label(other).payload != payload => {
                Err(format!("a `{}`", names.label(other).payload))
            }
            Self::Effect(effect) => {
                let name = image.effect(effect).unwrap_or_default();
                let known = *effects.0.entry(name.to_owned()).or_insert(label);
                let known = names.label(known).payload;
                if known != payload {
                    return Err(format!(
                        "what `{name}` gives, which is sent as a `{known}` elsewhere"
                    ));
                }
                *self = if PayloadKind::is_scalar(payload) {
                    Self::Effect(effect)
                } else {
                    Self::Nothing
                };
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
