//! Says in the words of the source why some role cannot know what to do, and what to write.

mod propose;
mod words;

use telltale_theory::{
    Branch, Condition, Decision, Explanation, Options, ProjectionError, Remedy, Spot, Step,
    Violation, Violations,
};
use telltale_types::StateId;

use crate::analyse::{Analysed, Lowered};
use crate::cannot_know::CannotKnow;
use crate::diagnostic::{Annotation, Diagnostic};
use crate::mistake::Mistake;
use crate::source_map::{ChoiceSource, Place, SourceMap, StepSource};

pub(crate) use propose::can_be_written;

/// Something that is wrong.
pub(crate) struct Cause<'v> {
    /// What is explained.
    pub(crate) violation: &'v Violation,
    /// Its remedy, and those of what else follows from the same cause.
    pub(crate) remedies: Vec<&'v Remedy>,
    /// All that is wrong with the protocol.
    pub(crate) wrong: &'v Violations,
}

/// Where a violation stands in the source, and what to write there.
pub(crate) fn explain(
    cause: &Cause<'_>,
    protocol: &Analysed,
    lowered: &Lowered,
    options: &Options,
) -> Diagnostic {
    let violation = cause.violation;
    let scene = Scene { violation, source: &lowered.source };
    let mut explanation = Explanation::of(violation, &lowered.global, |spot| scene.words(spot));
    explanation.seen = words::shortened(&explanation.seen);
    explanation.run = words::shortened(&explanation.run);
    let annotations = scene.annotations(&explanation, lowered);
    let proposed = propose::propose(cause, lowered, options);
    if let Some(remedy) = proposed.remedy.filter(|remedy| **remedy != violation.remedy) {
        let mut repaired = violation.clone();
        repaired.remedy = remedy.clone();
        explanation.help = Explanation::of(&repaired, &lowered.global, |_| None).help;
    }
    if let Some(help) = words::precise_help(violation, &proposed, &lowered.global) {
        explanation.help = help;
    }
    let why = CannotKnow {
        role: lowered.global.names().role(violation.role).to_owned(),
        explanation,
        proposals: proposed.proposals,
        inside: scene.inside(),
        condition: violation.condition,
    };
    let mistake = Mistake::CannotKnow(Box::new(why));
    let span = scene.underlined().map_or_else(|| (&protocol.name).into(), |place| place.span);
    Diagnostic::new(mistake, span).with_annotations(annotations)
}

/// The choice because of which a limit was reached, if it was one.
pub(crate) fn limit_place<'s>(error: &ProjectionError, lowered: &'s Lowered) -> Option<&'s Place> {
    let ProjectionError::Limit(reached, _) = error else { return None };
    let state = reached.decision?;
    let choice = lowered.source.choice(state).map(|choice| choice.call.unwrap_or(choice.choice));
    choice.or_else(|| lowered.source.step(state, 0).map(|step| step.statement()))
}

struct Scene<'s> {
    violation: &'s Violation,
    source: &'s SourceMap,
}

impl<'s> Scene<'s> {
    fn step(&self, step: Step) -> Option<StepSource<'s>> {
        self.source.step(step.state, step.exit)
    }

    /// The statement, in this protocol or in another, and the `do` that runs the other.
    fn origin(&self, spot: Spot) -> Option<(&'s Place, Option<&'s Place>)> {
        let of_step = |step: StepSource<'s>| (step.message, step.call);
        match spot {
            Spot::Exchange(step) => self.step(step).map(of_step),
            Spot::Decision(state) => match self.choice(state) {
                Some(choice) => Some((choice.choice, choice.call)),
                None => self.source.step(state, 0).map(of_step),
            },
        }
    }

    /// The choice at a state. If a branch of it begins with another, and what is decided is between branches
    /// of that, it is the other.
    fn choice(&self, state: StateId) -> Option<ChoiceSource<'s>> {
        let outer = self.source.choice(state)?;
        let Decision { here, there, .. } = self.violation.decision;
        let inner = |step: Step| self.step(step).filter(|_| step.state == state)?.choice;
        match (inner(here), inner(there)) {
            (Some(one), Some(other)) if one.is(&other) => Some(one),
            _ => Some(outer),
        }
    }

    /// A place in words: `line 13`, or `line 4, run at line 13`.
    fn words(&self, spot: Spot) -> Option<String> {
        let (place, call) = self.origin(spot)?;
        let run =
            call.map_or_else(String::new, |call| format!(", run at line {}", call.quote.line));
        Some(format!("line {}{run}", place.quote.line))
    }

    /// The statement of this protocol at which the role would act, or at which it is not told that it is finished.
    fn underlined(&self) -> Option<&'s Place> {
        let spot = match self.violation.condition {
            Condition::SilentEnd => Spot::Decision(self.violation.decision.state),
            _ => Spot::Exchange(self.violation.act),
        };
        self.origin(spot).map(|(place, call)| call.unwrap_or(place))
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
        let Violation { decision, act, instead, .. } = *self.violation;
        let [here, there] = &explanation.branches;
        // What the statement says itself is not said again.
        let label = |branch: &Branch, decided: Step, then: Option<Step>| match then {
            Some(then) if then != decided => branch.decided.clone(),
            _ => branch.then.trim_start_matches("then").trim_start_matches([',', ' ']).to_owned(),
        };
        let unplaced = Explanation::of(self.violation, &lowered.global, |_| None).decision;
        let mut spots = vec![
            (Spot::Exchange(act), label(here, decision.here, Some(act))),
            (
                Spot::Exchange(instead.unwrap_or(decision.there)),
                label(there, decision.there, instead),
            ),
            (Spot::Decision(decision.state), unplaced.trim_end_matches(':').to_owned()),
        ];
        if self.violation.condition == Condition::SilentEnd {
            spots.reverse();
        }
        let mut places: Vec<(&Place, String)> = Vec::new();
        if self.inside().is_some() {
            places.extend(self.underlined().map(|call| (call, "run here".to_owned())));
        }
        for (spot, label) in spots {
            let Some((place, call)) = self.origin(spot) else { continue };
            let place = if self.inside().is_some() { place } else { call.unwrap_or(place) };
            if !places.iter().any(|(known, _)| std::ptr::eq(*known, place)) {
                places.push((place, label));
            }
        }
        places.into_iter().map(|(place, label)| Annotation::new(place.span, label)).collect()
    }
}
