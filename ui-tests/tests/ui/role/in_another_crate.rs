//! The protocol is another crate's, and the compiler proposes the methods of its roles.

use telltale_ui_tests::lints::open;

struct Carol;

impl open::Carol for Carol {}

fn main() {}
