//! Says in the words of the source why some role cannot know what to do, and what to write.

mod propose;
mod words;

use proc_macro2::LineColumn;
use telltale_theory::{Condition, Explanation, Options, Spot, Violation};

use crate::analyse::{Analysed, Lowered};
use crate::diagnostic::{Annotation, Diagnostic};
use crate::mistake::{Mistake, Quote};
use crate::source_map::{Place, SourceMap, StepSource};

/// Why some role cannot know what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CannotKnow {
    /// What cannot be known, and a run that goes wrong.
    pub explanation: Explanation,
    /// Lines that, written together, put it right. There are none where none can be written, or none is known.
    pub proposals: Vec<Proposal>,
    /// The other protocol, if all of it happens within one `do` of that.
    pub inside: Option<String>,
    /// Which condition is violated.
    pub condition: Condition,
}

/// Something to write.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Proposal {
    /// One or more statements, such as `Alice -> Carol: Left;`.
    pub text: String,
    /// The statement directly after which it goes.
    pub after: Quote,
    /// Where that statement begins.
    pub start: LineColumn,
    /// Where it ends, without its semicolon.
    pub end: LineColumn,
}

/// Where a violation stands in the source, and what to write there. `count` violations were found in all.
pub(crate) fn explain(
    violation: &Violation,
    count: usize,
    protocol: &Analysed,
    lowered: &Lowered,
    options: &Options,
) -> Diagnostic {
    let scene = Scene { violation, source: &lowered.source };
    let explanation = Explanation::of(violation, &lowered.global, |spot| scene.place(spot));
    let annotations = scene.annotations(&explanation, lowered);
    let why = CannotKnow {
        explanation,
        proposals: propose::proposals(violation, count, lowered, options),
        inside: scene.inside(),
        condition: violation.condition,
    };
    let mistake = Mistake::CannotKnow(Box::new(why));
    let span = scene.underlined().map_or_else(|| (&protocol.name).into(), |place| place.span);
    Diagnostic::new(mistake, span).with_annotations(annotations)
}

struct Scene<'s> {
    violation: &'s Violation,
    source: &'s SourceMap,
}

impl<'s> Scene<'s> {
    fn step(&self, step: telltale_theory::Step) -> Option<StepSource<'s>> {
        self.source.step(step.state, step.exit)
    }

    /// A place in words: `line 13`, or `line 4, run at line 13`.
    fn place(&self, spot: Spot) -> Option<String> {
        let (place, call) = match spot {
            Spot::Exchange(step) => {
                let step = self.step(step)?;
                (step.message, step.call)
            }
            Spot::Decision(state) => match self.source.choice(state) {
                Some(choice) => (choice.choice, choice.call),
                None => {
                    let step = self.source.step(state, 0)?;
                    (step.message, step.call)
                }
            },
        };
        let run =
            call.map_or_else(String::new, |call| format!(", run at line {}", call.quote.line));
        Some(format!("line {}{run}", place.quote.line))
    }

    /// The statement of this protocol at which somebody decides.
    fn decision(&self) -> Option<&'s Place> {
        let choice = self.source.choice(self.violation.decision.state)?;
        Some(choice.call.unwrap_or(choice.choice))
    }

    fn act(&self) -> Option<&'s Place> {
        self.step(self.violation.act).map(|step| step.statement())
    }

    /// What the role would do elsewhere is what is wrong, but a silent end is where it has nothing to do.
    fn underlined(&self) -> Option<&'s Place> {
        match self.violation.condition {
            Condition::SilentEnd => self.decision().or_else(|| self.act()),
            _ => self.act(),
        }
    }

    /// The protocol that is run by the only statement at which something happens.
    fn inside(&self) -> Option<String> {
        let Violation { decision, act, instead, .. } = self.violation;
        let mut steps = [decision.here, decision.there, *act].into_iter().chain(*instead);
        let call = self.step(*act)?.call?;
        let same = |step| {
            self.step(step)
                .and_then(|step| step.call)
                .is_some_and(|other| std::ptr::eq(other, call))
        };
        if steps.all(same) { call.runs.clone() } else { None }
    }

    /// Each place that is spoken of, with what it is, the underlined one first.
    fn annotations(&self, explanation: &Explanation, lowered: &Lowered) -> Vec<Annotation> {
        let [here, there] = &explanation.branches;
        let decider = lowered.global.names().role(self.violation.decision.decider);
        let instead = self.violation.instead.unwrap_or(self.violation.decision.there);
        let instead = self.step(instead).map(|step| step.statement());
        let mut places = vec![
            (self.act(), here.decided.clone()),
            (instead, there.decided.clone()),
            (self.decision(), format!("`{decider}` decides here")),
        ];
        if self.violation.condition == Condition::SilentEnd {
            places.reverse();
        }
        let mut seen: Vec<&Place> = Vec::new();
        places.retain(|(place, _)| match place {
            Some(place) if !seen.iter().any(|known| std::ptr::eq(*known, *place)) => {
                seen.push(place);
                true
            }
            _ => false,
        });
        let annotation =
            |(place, label): (Option<&Place>, _)| Some(Annotation::new(place?.span, label));
        places.into_iter().filter_map(annotation).collect()
    }
}
