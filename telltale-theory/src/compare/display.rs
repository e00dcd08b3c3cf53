//! How a comparison reads.

use std::fmt;

use super::{Change, Comparison, GlobalMessage, MessageChange, RoleChange};
use crate::difference::Difference;

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_same() {
            return f.write_str("every role does what it did");
        }
        let roles = self.roles.iter().map(ToString::to_string);
        let messages = self.messages.iter().map(ToString::to_string);
        f.write_str(&roles.chain(messages).collect::<Vec<_>>().join("\n"))
    }
}

impl fmt::Display for RoleChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = &self.role;
        match &self.change {
            Change::Same => write!(f, "role `{role}` does what it did"),
            Change::Added => write!(f, "role `{role}` is new"),
            Change::Removed => write!(f, "role `{role}` is gone"),
            Change::Changed { old_with_new, new_with_old } => {
                write!(f, "role `{role}` has changed")?;
                write!(f, "\n  the old one with the new others: {}", verdict(old_with_new))?;
                write!(f, "\n  the new one with the old others: {}", verdict(new_with_old))
            }
        }
    }
}

fn verdict(result: &Result<(), Box<Difference>>) -> String {
    result.as_ref().map_or_else(ToString::to_string, |()| "fine".to_owned())
}

impl fmt::Display for MessageChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added(message) => write!(f, "message `{message}` is new"),
            Self::Removed(message) => write!(f, "message `{message}` is gone"),
            Self::Payload { old, new } => write!(f, "message `{old}` is now `{new}`"),
        }
    }
}

impl fmt::Display for GlobalMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}→{}:{}", self.sender, self.receiver, self.label)
    }
}
