//! What the language adds to the words of an explanation.

use std::fmt;

use telltale_theory::{Condition, Explanation};

use super::{CannotKnow, Proposal};

impl CannotKnow {
    /// What would help, without the lines to write.
    pub fn help(&self) -> String {
        let help = &self.explanation.help;
        match self.condition {
            Condition::SilentEnd => format!(
                "{help}; or write `#[allow(silent_end)]` on the protocol, if it may be left waiting"
            ),
            _ => help.clone(),
        }
    }
}

/// Title, explanation and help with the lines to write.
impl fmt::Display for CannotKnow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text: Explanation = self.explanation.clone();
        text.title.push('\n');
        text.help = self.help();
        text.fmt(f)?;
        let insert = |proposal: &Proposal| format!("insert `{}`", proposal.text);
        let widest = self.proposals.iter().map(|one| insert(one).chars().count()).max();
        for proposal in &self.proposals {
            let width = widest.unwrap_or(0);
            write!(f, "\n    {:width$}  after {}", insert(proposal), proposal.after)?;
        }
        Ok(())
    }
}
