//! What JavaScript sees.

#![expect(
    unreachable_pub,
    reason = "`#[wasm_bindgen]` wants what it exports to be `pub`, wherever it stands"
)]
#![expect(
    clippy::needless_pass_by_value,
    reason = "texts that may be missing come from JavaScript by value"
)]

mod answers;
mod check;
mod convert;
mod error;
mod failure;
mod machine;
mod object;
mod panics;
mod players;
mod promised;
mod protocol;
mod session;
mod types;
mod vm;
