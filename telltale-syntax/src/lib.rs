//! Takes a choreography, as tokens or as text; gives for each protocol its [`GlobalType`], the
//! place of every step in the source and the names of what is generated, or every mistake with its
//! place and its remedy.
//!
//! This crate never decides whether a protocol is sound: whether every role can play its part is
//! the question of `telltale-theory`, which in turn never sees a source position. [`project`] asks
//! it, and explains the answer at the lines of the source.
//!
//! [`analyse`] is the table of contents. Whatever it is given, it neither panics nor hangs nor
//! overflows the stack, and whatever it understood it hands out, so that a mistake in one place is
//! not a hundred errors in others.
//!
//! ```
//! let analysis = telltale_syntax::analyse_str(
//!     "protocol Greeting(Alice, Bob) {
//!          Alice -> Bob: Hello(String);
//!          Bob -> Alice: Bye;
//!      }",
//! );
//! assert!(analysis.diagnostics.is_empty());
//!
//! let greeting = analysis.protocols[0].lowered.as_ref().expect("there are no mistakes");
//! assert_eq!(greeting.global.to_string(), "Alice→Bob:Hello(String). Bob→Alice:Bye. end");
//!
//! let analysis = telltale_syntax::analyse_str("protocol Greeting(Alice, Bob) { Alice -> Bbo: Hello; }");
//! assert_eq!(
//!     analysis.diagnostics[0].to_string(),
//!     "line 1, column 42: unknown role `Bbo`\nhelp: there is `Bob`",
//! );
//! ```
//!
//! [`GlobalType`]: telltale_types::GlobalType
//!
//! # Features
//!
//! - `render`: `render` prints mistakes in a text with the source lines that they stand in.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod ast;
pub mod interface;

mod analyse;
mod arms;
mod blocks;
mod camel;
mod cannot_know;
mod diagnostic;
mod excerpt;
mod explain;
mod flow;
mod forget;
mod forgotten;
mod graph;
mod instead;
mod keyword;
mod limit;
mod log;
mod mistake;
mod mistakes;
mod name;
mod nesting;
mod parse;
mod payload;
mod print;
mod project;
mod quote;
#[cfg(feature = "render")]
mod render;
mod resolve;
mod similar;
mod source_map;
mod span;
mod structure;
mod text;

pub use analyse::{Analysed, Analysis, Lowered, analyse, analyse_str};
pub use blocks::blocks;
pub use cannot_know::{CannotKnow, Proposal};
pub use diagnostic::{Annotation, Diagnostic};
pub use instead::Instead;
pub use interface::Interface;
pub use limit::{BLOCK_STEP_LIMIT, STEP_LIMIT};
pub use mistake::{Mistake, Unfit};
pub use mistakes::MISTAKE_LIMIT;
pub use name::Name;
pub use nesting::NESTING_LIMIT;
pub use parse::NAME_LIMIT;
pub use payload::{Field, Payload};
pub use project::{Projected, project, project_all};
pub use quote::Quote;
#[cfg(feature = "render")]
pub use render::{Style, render};
pub use source_map::{ChoiceSource, Place, SourceMap, StepSource};
pub use span::SpanRange;
pub use text::TEXT_LIMIT;
