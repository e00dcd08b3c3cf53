//! What JavaScript sees.

#![expect(
    unreachable_pub,
    reason = "`#[wasm_bindgen]` wants what it exports to be `pub`, wherever it stands"
)]

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
