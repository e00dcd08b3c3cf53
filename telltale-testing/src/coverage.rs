//! What of a protocol the runs of a test have exercised.

mod error;
mod seen;
mod source;

use std::fmt;
use std::path::Path;

use telltale_diagram::{Page, StateGraph};
use telltale_types::{Counts, LocalTypeR, RoleCoverage};
use telltale_vm::VM;
use telltale_vm::loader::CodeImage;

pub use error::CoverageError;
use source::Source;

/// Counts which messages, branches and ends of a protocol the sessions of a test have come to, role by role.
///
/// A test shows it each VM after its run, and may demand that nothing was left out: by [all roles](Coverage::demand), or by
/// [one](Coverage::demand_of).
///
/// ```
/// # use telltale_vm::{ByHandler, HandlerResult, choreography};
/// # choreography! {
/// #     pub protocol Coffee(Guest, Bar) {
/// #         Guest -> Bar: Order(String);
/// #         choice Answer at Bar {
/// #             Bar -> Guest: Serve(u32);
/// #         } or {
/// #             Bar -> Guest: SoldOut;
/// #         }
/// #     }
/// # }
/// # struct Bar { cups: u32 }
/// # impl coffee::Bar for Bar {
/// #     fn on_order(&mut self, _: String) -> HandlerResult<()> { Ok(()) }
/// #     fn answer(&mut self) -> HandlerResult<coffee::Answer> {
/// #         Ok(if self.cups == 0 { coffee::Answer::SoldOut } else { coffee::Answer::Serve(3) })
/// #     }
/// # }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use telltale_testing::{Coverage, Random, Schedule};
///
/// let mut coverage = Coverage::of(&coffee::IMAGE);
/// let mut serve = |cups| -> Result<(), Box<dyn std::error::Error>> {
///     let mut vm = Schedule::default().vm();
///     coffee::Roles { guest: ByHandler, bar: Bar { cups } }.open(&mut vm)?;
///     vm.run(&Random::new(7))?;
///     Ok(coverage.see(&vm)?)
/// };
/// serve(1)?;
/// # let mut early = Coverage::of(&coffee::IMAGE);
/// # let mut vm = Schedule::default().vm();
/// # coffee::Roles { guest: ByHandler, bar: Bar { cups: 1 } }.open(&mut vm)?;
/// # vm.run(&Random::new(7))?;
/// # early.see(&vm)?;
/// # let error = early.demand_of("Bar").unwrap_err();
/// # assert_eq!(error.to_string(), "not all of the protocol was exercised\n  Bar: 2 of 3 actions\n    never `Guest!SoldOut`");
/// serve(0)?;
/// coverage.demand()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "it counts what it is shown, and demands nothing by itself"]
pub struct Coverage {
    image: CodeImage,
    counts: Counts,
    source: Option<Source>,
}

impl Coverage {
    /// Nothing of this protocol has been exercised yet.
    pub fn of(image: &CodeImage) -> Self {
        Self { image: image.clone(), counts: Counts::default(), source: None }
    }

    /// The protocol stands in this file, in a `choreography!` or, if the name does not end in `.rs`, as the text alone. What is missing is
    /// then reported with its lines. A relative path begins at the root of the crate under test.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or none of its protocols is the one that runs.
    pub fn written_in(self, path: impl AsRef<Path>) -> Result<Self, CoverageError> {
        let source = Source::find(path.as_ref(), &self.image)?;
        Ok(Self { source: Some(source), ..self })
    }

    /// Counts what the sessions of this protocol have done in a VM, as its trace tells. A VM is shown once, when its run is over.
    ///
    /// A message that the network has lost was sent, and one that was put into a channel from outside was not.
    ///
    /// # Errors
    ///
    /// When the trace does not begin at the beginning, or does not tell what was sent; or when a session is not of this protocol, but of one
    /// with the same roles and messages.
    pub fn see(&mut self, vm: &VM) -> Result<(), CoverageError> {
        seen::count(vm, &self.image, &mut self.counts)
    }

    /// What each role has done and what not.
    ///
    /// ```
    /// # telltale_vm::choreography! { pub protocol Tell(Alice, Bob) { Alice -> Bob: Hello(String); } }
    /// let coverage = telltale_testing::Coverage::of(&tell::IMAGE);
    /// let alice = &coverage.roles()[0];
    /// assert_eq!((alice.actions[0].action.as_str(), alice.actions[0].count), ("Bob!Hello(String)", 0));
    /// ```
    pub fn roles(&self) -> Vec<RoleCoverage> {
        let parts = self.image.local_types.iter();
        parts.filter_map(|(role, local)| self.covered(role, local)).collect()
    }

    /// A picture of the part of one role, as SVG: what has not been exercised is dashed.
    ///
    /// ```
    /// # telltale_vm::choreography! { pub protocol Tell(Alice, Bob) { Alice -> Bob: Hello(String); } }
    /// let coverage = telltale_testing::Coverage::of(&tell::IMAGE);
    /// assert!(coverage.svg("Alice")?.contains("Bob!Hello(String)"));
    /// # Ok::<(), telltale_testing::CoverageError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the protocol has no such role.
    pub fn svg(&self, role: &str) -> Result<String, CoverageError> {
        let local = self.local(role)?;
        let mut graph = StateGraph::of_local(role, local);
        if let Some(id) = local.names().find_role(role) {
            graph.fade(local, |state, action| self.counts.taken(id, state, action) == 0);
        }
        Ok(graph.svg(Page::File))
    }

    /// Every role must have done all that it can do, and have come to its end.
    ///
    /// # Errors
    ///
    /// When something is missing: what, by whom, and in which line.
    pub fn demand(&self) -> Result<(), CoverageError> {
        self.check(self.roles())
    }

    /// As [`Coverage::demand`], of one role only: the one under test.
    ///
    /// # Errors
    ///
    /// When something is missing, or the protocol has no such role.
    pub fn demand_of(&self, role: &str) -> Result<(), CoverageError> {
        self.check(self.covered(role, self.local(role)?))
    }

    fn check(&self, roles: impl IntoIterator<Item = RoleCoverage>) -> Result<(), CoverageError> {
        let missing: Vec<_> = roles.into_iter().filter(|role| !role.is_whole()).collect();
        let place = self.source.as_ref().map(|source| source.path.clone());
        if missing.is_empty() {
            Ok(())
        } else {
            Err(CoverageError::Missing { place, roles: missing })
        }
    }

    fn local(&self, role: &str) -> Result<&LocalTypeR, CoverageError> {
        self.image.local_types.get(role).ok_or_else(|| {
            let known = self.image.local_types.iter().map(|(role, _)| role.to_owned()).collect();
            CoverageError::UnknownRole { role: role.to_owned(), known }
        })
    }

    fn covered(&self, role: &str, local: &LocalTypeR) -> Option<RoleCoverage> {
        let line = |state, exit| self.source.as_ref()?.line(state, exit);
        self.counts.coverage(&self.image.global_type, role, local, line)
    }
}

/// ```text
/// Guest: 2 of 3 actions
///   never `Bar?SoldOut`, line 8
/// Bar: 3 of 3 actions
/// ```
impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.roles().iter().try_for_each(|role| role.fmt(f))
    }
}
