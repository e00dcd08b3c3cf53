//! What JavaScript sees.

mod answers;
mod check;
mod convert;
mod error;
mod machine;
mod object;
mod panics;
mod players;
mod promised;
mod protocol;
mod session;
mod types;
