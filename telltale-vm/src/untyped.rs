//! What a [`Value`](crate::Value) is made of: for handlers that look at payloads without knowing their types, and for programs written by hand.
//!
//! ```
//! use telltale_vm::untyped::Kind;
//! use telltale_vm::{Value, pack};
//!
//! assert_eq!(pack(7_u8).kind(), Kind::Uint);
//! assert_eq!(Value::text("seven").kind(), Kind::Text);
//! ```

pub use crate::value::wide::{Scalar, Wide};
pub use crate::value::{Endpoint, Kind, Large, Opaque};
pub use telltale_bytecode::SetId;
