//! Takes protocols and types; gives pictures of them: sequence diagrams and state diagrams, as SVG, Mermaid and DOT.
//!
//! A [`Sequence`] is what people draw on whiteboards: a line for each role, an arrow for each message, frames around choices, loops
//! and parallel parts. It is a tree of plain data, so anything that is a list of messages can be drawn: a protocol
//! (with the feature `syntax`, `Sequence::of_protocol`), or a run of it.
//! A [`StateGraph`] shows a type as what it is, a finite graph.
//!
//! ```
//! use telltale_diagram::{Item, Page, Sequence, StateGraph};
//! use telltale_types::{GlobalTerm, Label};
//!
//! let mut sequence = Sequence::new("Greeting", ["Alice", "Bob"]);
//! sequence.items.push(Item::message(0, 1, "Hello(String)"));
//! assert!(sequence.svg(Page::Inline).starts_with("<svg "));
//! assert_eq!(sequence.mermaid(), "\
//! sequenceDiagram
//!     participant r0 as Alice
//!     participant r1 as Bob
//!     r0->>r1: Hello(String)
//! ");
//!
//! let global = GlobalTerm::send("Alice", "Bob", Label::new("Hello"), GlobalTerm::end()).close()?;
//! let states = StateGraph::of_global("Greeting", &global);
//! assert!(states.dot().contains("s0 -> s1 [label=\"Alice→Bob:Hello\"];"));
//! # Ok::<(), telltale_types::TypeError>(())
//! ```
//!
//! The same input gives the same picture, byte for byte. Nothing is read from a font: text is set in a monospace face, whose
//! characters are all as wide as each other.
//!
//! What this crate does not do: it does not decide what is worth drawing. A picture of ten thousand messages is drawn when
//! somebody asks for it; [`Sequence::rows`] and [`StateGraph::size`] say how large it would be.
//!
//! # Features
//!
//! - `syntax`: `Sequence::of_protocol`, for what somebody wrote.
//! - `timeline`: `timeline`, for [Perfetto](https://ui.perfetto.dev).

#![cfg_attr(docsrs, feature(doc_cfg))]
#![expect(clippy::cast_precision_loss, reason = "nothing that is drawn has 2^52 parts")]

#[cfg(doctest)]
mod docs;
mod dot;
mod layout;
mod mermaid;
mod of_log;
#[cfg(feature = "syntax")]
mod of_protocol;
mod sequence;
mod state;
mod svg;
mod text;
#[cfg(feature = "timeline")]
mod timeline;

pub use sequence::{Frame, FrameKind, Item, Sequence};
pub use state::{Edge, Node, StateGraph};
pub use svg::Page;
#[cfg(feature = "timeline")]
pub use timeline::timeline;
