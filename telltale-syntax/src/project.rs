//! From what a protocol means to what each role does, or why some role cannot.

use std::collections::{BTreeMap, BTreeSet};

use telltale_theory::{
    Condition, Decision, Options, ProjectionError, Step, Violation, Violations, project_all_with,
};
use telltale_types::{GlobalType, LocalTypeR, check_at_once};

use crate::analyse::{Analysed, Analysis, Lowered};
use crate::diagnostic::Diagnostic;
use crate::explain::{self, Cause, can_be_written, explain};
use crate::mistake::Mistake;

/// A protocol in which every role can play its part.
#[derive(Clone, Debug)]
pub struct Projected {
    /// The protocol seen from above.
    pub global: GlobalType,
    /// By role, what it does.
    pub locals: BTreeMap<String, LocalTypeR>,
}

/// What each role of a protocol does.
///
/// # Errors
///
/// Why some role cannot know what to do, in the order of the source; or that roles do more at once than a session has room for.
/// Nothing when the protocol has no meaning, for that was reported when it was analysed.
///
/// ```
/// let analysis = telltale_syntax::analyse_str(
///     "protocol Ping(Alice, Bob) { Alice -> Bob: Ping; Bob -> Alice: Pong; }",
/// );
/// let projected = telltale_syntax::project(&analysis.protocols[0]).expect("nobody decides anything");
/// assert_eq!(projected.locals["Bob"].to_string(), "Alice?Ping. Alice!Pong. end");
/// ```
pub fn project(protocol: &Analysed) -> Result<Projected, Vec<Diagnostic>> {
    let Some(lowered) = &protocol.lowered else { return Err(Vec::new()) };
    let options = Options {
        allow_silent_end: protocol.attributes.silent_end,
        find_remedies: false,
        ..Options::default()
    };
    let locals = project_all_with(&lowered.global, &options)
        .map_err(|error| diagnostics(protocol, lowered, error, &options))?;
    check_at_once(&lowered.global, locals.iter().map(|(_, local)| local)).map_err(|too_much| {
        vec![Diagnostic::new(Mistake::TooMuchAtOnce(too_much), &protocol.name)]
    })?;
    Ok(Projected { global: lowered.global.clone(), locals: locals.into_iter().collect() })
}

/// [`project`] for every protocol of a choreography, in their order.
///
/// What is wrong with a protocol is wrong again where it is run; it is reported once. So a protocol that is
/// wrong for that reason only has no errors of its own, nor has any in a choreography with other mistakes.
pub fn project_all(analysis: &Analysis) -> Vec<Result<Projected, Vec<Diagnostic>>> {
    if !analysis.diagnostics.is_empty() {
        return analysis.protocols.iter().map(|_| Err(Vec::new())).collect();
    }
    let mut results: Vec<_> = analysis.protocols.iter().map(project).collect();
    let names = analysis.protocols.iter().map(|protocol| protocol.name.to_string());
    let wrong: BTreeSet<String> =
        names.zip(&results).filter_map(|(name, result)| result.is_err().then_some(name)).collect();
    let is_of_another = |diagnostic: &Diagnostic| match diagnostic.mistake() {
        Mistake::CannotKnow(why) => why.inside.as_ref().is_some_and(|name| wrong.contains(name)),
        _ => false,
    };
    for diagnostics in results.iter_mut().filter_map(|result| result.as_mut().err()) {
        diagnostics.retain(|diagnostic| !is_of_another(diagnostic));
    }
    results
}

fn diagnostics(
    protocol: &Analysed,
    lowered: &Lowered,
    error: ProjectionError,
    options: &Options,
) -> Vec<Diagnostic> {
    let ProjectionError::Violations(mut wrong) = error else {
        let place = explain::limit_place(&error, lowered);
        let span = place.map_or_else(|| (&protocol.name).into(), |place| place.span);
        return vec![Diagnostic::new(Mistake::TooHard(error), span)];
    };
    wrong.find_remedies(options, |_, insertions| can_be_written(insertions, lowered));
    let causes = causes(&wrong, lowered).into_iter();
    let mut diagnostics: Vec<Diagnostic> =
        causes.map(|cause| explain(&cause, protocol, lowered, options)).collect();
    diagnostics.sort_by_key(|diagnostic| (diagnostic.start().line, diagnostic.start().column));
    if wrong.more() > 0 {
        let (name, count) = (&protocol.name, wrong.more());
        let more = Mistake::MoreToKnow { protocol: name.to_string(), count };
        diagnostics.push(Diagnostic::new(more, name));
    }
    diagnostics
}

/// What a role is not told of is one cause, however many conditions that violates, and wherever a choice is
/// made again as the beginning of another.
fn causes<'v>(wrong: &'v Violations, lowered: &Lowered) -> Vec<Cause<'v>> {
    let mut causes: Vec<Cause<'_>> = Vec::new();
    let mut by_rank: Vec<&Violation> = wrong.violations.iter().collect();
    by_rank.sort_by_key(|violation| rank(violation.condition));
    for violation in by_rank {
        let is_same = |cause: &&mut Cause<'_>| {
            let first = cause.violation;
            first.role == violation.role
                && (first.decision.state == violation.decision.state
                    || is_decided_alike(&first.decision, &violation.decision, lowered))
                && first.condition != Condition::ReceiveValidity
                && violation.condition != Condition::ReceiveValidity
        };
        match causes.iter_mut().find(is_same) {
            Some(cause) => cause.remedies.push(&violation.remedy),
            None => causes.push(Cause { violation, remedies: vec![&violation.remedy], wrong }),
        }
    }
    causes
}

/// Whether two decisions at different states are between the same statements.
fn is_decided_alike(one: &Decision, other: &Decision, lowered: &Lowered) -> bool {
    let is_same = |one: Step, other: Step| {
        let step = |step: Step| lowered.source.step(step.state, step.exit);
        step(one).zip(step(other)).is_some_and(|(one, other)| one.is(&other))
    };
    is_same(one.here, other.here) && is_same(one.there, other.there)
}

/// The most telling first.
fn rank(condition: Condition) -> u8 {
    match condition {
        Condition::SendValidity => 0,
        Condition::NoMixedChoice => 1,
        Condition::ReceiveValidity => 2,
        Condition::Fork => 3,
        Condition::Join => 4,
        Condition::SilentEnd => 5,
    }
}
