//! Takes protocols, those of the literature from `corpus/` and random ones; gives what tests need to
//! follow them through every stage: verdicts, scripts that answer from a seed, traces as words.
//!
//! A stage is right when it agrees with the others: the projection with the verdict that stands in
//! the file, the machine with the definition of a run, role objects with a handler that answers
//! alike, the image in the binary with the one that is made at run time.
//!
//! A protocol is added by a file in `corpus/`, or in `lanes/` if the arms of a `par` share roles: comments say what it is, where it is from and what is
//! to be said of it (`// Verdict: implementable`, or `// Verdict: send validity at Bob; silent end at
//! Carol`). There are a hundred random protocols, or as many as `TELLTALE_RANDOM_PROTOCOLS` says when the
//! tests are built and run.
//!
//! Then there are those who do not keep to the rules: random programs written by hand ([`by_hand`]), played beside
//! sessions that do nothing wrong, in a machine that is disturbed from outside; and sessions that are disturbed at
//! every moment ([`disturb`]). What fails is printed with a seed, and `TELLTALE_SCENE=<seed>` plays it again.

pub mod by_hand;
pub mod case;
pub mod corpus;
pub mod disturb;
pub mod endpoints;
pub mod grammar;
pub mod image;
mod interrupting;
pub mod payload;
pub mod play;
pub mod relay;
pub mod script;
pub mod ways;
pub mod word;
