//! What would help, in words.

use telltale_types::RoleId;

use super::Words;
use crate::Advice;

impl Words<'_> {
    pub(super) fn help(&self) -> String {
        let quote = |role: RoleId| format!("`{}`", self.names.role(role));
        let any = |roles: &[RoleId]| {
            roles.iter().map(|&role| quote(role)).collect::<Vec<_>>().join(" or ")
        };
        let insertions = &self.violation.remedy.insertions;
        match &self.violation.remedy.advice {
            // Who could do it is not known as long as nothing was found that helps.
            advice if insertions.is_empty() => self.help_by_nobody(advice),
            Advice::Tell { role, tellers }
                if insertions.iter().filter(|message| message.receiver == *role).count() == 1 =>
            {
                format!("let {} tell {} first", any(tellers), quote(*role))
            }
            Advice::Tell { role, tellers } => format!(
                "let {} tell {} first, with a different message in each branch",
                any(tellers),
                quote(*role)
            ),
            Advice::Wait { sender, role } => {
                let act = self.violation.act.of(self.global);
                let before = if *sender == act.sender {
                    format!("sends `{}`", self.names.label(act.label).name)
                } else {
                    "goes on".to_owned()
                };
                let (sender, role) = (quote(*sender), quote(*role));
                format!("let {sender} wait for an answer of {role} before it {before}")
            }
            Advice::Decide { role, decider } => decide(&quote(*role), &quote(*decider)),
            Advice::Finish { role, tellers } => {
                format!("let {} tell {} that nothing more will come", any(tellers), quote(*role))
            }
        }
    }

    fn help_by_nobody(&self, advice: &Advice) -> String {
        let quote = |role: RoleId| format!("`{}`", self.names.role(role));
        match advice {
            Advice::Tell { role, .. } => {
                format!(
                    "{} has to be told first, with a different message in each branch",
                    quote(*role)
                )
            }
            Advice::Wait { .. } => {
                let act = self.violation.act.of(self.global);
                let instead =
                    self.violation.instead.map(|step| self.received(step.of(self.global)));
                let other = instead.unwrap_or_else(|| "another message".to_owned());
                format!("{} must not arrive before {other} does", self.received(act))
            }
            Advice::Decide { role, decider } => decide(&quote(*role), &quote(*decider)),
            Advice::Finish { role, .. } => {
                format!("{} has to be told that nothing more will come", quote(*role))
            }
        }
    }
}

fn decide(role: &str, decider: &str) -> String {
    format!(
        "let either {decider} or {role} decide, and tell the other; or let both happen at once, each in an arm of a `par`"
    )
}
