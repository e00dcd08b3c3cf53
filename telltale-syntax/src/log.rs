//! What a log should have had, at the lines of the protocol.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use telltale_types::{Expected, Unfit};

use crate::source_map::{Place, SourceMap};

/// How many alternatives are shown with their lines.
const SHOWN: usize = 8;

impl SourceMap {
    /// The statements that something is which a log could have had. If they are in a protocol that is run by this one, they
    /// are given as they stand there.
    pub fn expected<'m>(&'m self, expected: &Expected) -> Vec<&'m Place> {
        let steps = expected.steps.iter().filter_map(|&(state, exit)| self.step(state, exit));
        let mut seen = BTreeSet::new();
        steps.map(|step| step.message).filter(|place| seen.insert(place.quote.line)).collect()
    }

    /// Says of an event of a log that does not fit where in the source stands what was expected.
    ///
    /// ```
    /// use telltale_types::{LogError, LogEvent};
    ///
    /// let analysis = telltale_syntax::analyse_str(
    ///     "protocol Ping(Alice, Bob) {
    ///          Alice -> Bob: Ping;
    ///          Bob -> Alice: Pong;
    ///      }",
    /// );
    /// let source = &analysis.protocols[0].lowered.as_ref().expect("there are no mistakes").source;
    /// let ping = telltale_syntax::project(&analysis.protocols[0]).expect("nobody decides anything");
    ///
    /// let log = [("Alice", "Bob", "Ping"), ("Alice", "Bob", "Pong")];
    /// let log = log.map(|(sender, receiver, label)| LogEvent::exchange(sender, receiver, label));
    /// let error = telltale_theory::accepts(&ping.global, log).unwrap_err();
    /// let telltale_theory::AcceptError::Log(LogError::Unfit(unfit)) = error else { panic!("{error}") };
    /// assert_eq!(
    ///     source.explain(&unfit),
    ///     "event 2: `Alice→Bob:Pong` does not fit; expected `Bob→Alice:Pong`\n  \
    ///        line 3, `Bob -> Alice: Pong`",
    /// );
    /// assert!(source.explain_from(&unfit, 10).ends_with("line 13, `Bob -> Alice: Pong`"));
    /// ```
    pub fn explain(&self, unfit: &Unfit) -> String {
        self.explain_from(unfit, 0)
    }

    /// [`SourceMap::explain`] where the text that was analysed is part of a file, behind so many other lines.
    pub fn explain_from(&self, unfit: &Unfit, lines_before: usize) -> String {
        let mut text = unfit.to_string();
        let places = unfit.nearest().iter().flat_map(|expected| self.expected(expected));
        let places: BTreeSet<(usize, &str)> =
            places.map(|place| (place.quote.line, &*place.quote.text)).collect();
        for (line, statement) in places.iter().take(SHOWN) {
            let _ = write!(text, "\n  line {}, `{statement}`", line + lines_before);
        }
        if let Some(more) = places.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            let _ = write!(text, "\n  {more} more lines");
        }
        text
    }
}
