//! How much an image from outside may be.

use crate::Reg;

/// Bounds on what an image from outside may be, and on the work of validating it. They are counted and not timed, so that
/// an image validates on every machine or on none. Real protocols stay far below them.
///
/// ```
/// use telltale_bytecode::Limits;
///
/// let small = Limits { bytes: 4096, states: 100, ..Limits::default() };
/// assert!(small.roles > 100);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many bytes [`UntrustedImage::from_bytes`](crate::UntrustedImage) reads: 4 MiB. While it reads, it takes up to
    /// forty times as much memory.
    pub bytes: usize,
    /// How many bytes one name has, of a role, a label, a payload type, an effect or an import: 1,024.
    pub name: usize,
    /// How many bytes all names have together, of roles, labels, payload types, effects and imports: 1 MiB.
    pub names: usize,
    /// How many roles there may be: 255, which is also how many there can be.
    pub roles: usize,
    /// How many labels there may be: 65,535, which is also how many there can be.
    pub labels: usize,
    /// How many states the global type may have, and each local type: 65,536.
    pub states: usize,
    /// How many exits the global type may have, and each local type: 131,072.
    pub exits: usize,
    /// How many exits the global type may have if it has parallel parts, and how many arms all of these: 4,096. What
    /// happens at once is compared with each other.
    pub exits_beside: usize,
    /// How many instructions all programs may have together, and how many branches all choices, each counted with all of
    /// its branches: 262,144.
    pub instructions: usize,
    /// How many registers a role may have: 255, which is also how many instructions can name. A machine may allow fewer.
    pub registers: usize,
    /// How many states the projection may look at for one role, before they are minimised: 131,072.
    pub projected_states: usize,
    /// How many exits the projection may look at for all roles together: 4,194,304.
    pub projected_exits: usize,
    /// How many steps the projection may take to find out whether messages can overtake each other: 16,777,216.
    pub overtaking: usize,
    /// How many steps programs that the compiler would write otherwise may take to be verified: 67,108,864. An instruction in one
    /// state of its role takes about thirty, and eight more for each register.
    pub verifying: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 1 << 22,
            name: 1 << 10,
            names: 1 << 20,
            roles: 255,
            labels: 65_535,
            states: 1 << 16,
            exits: 1 << 17,
            exits_beside: 1 << 12,
            instructions: 1 << 18,
            registers: Reg::LIMIT,
            projected_states: 1 << 17,
            projected_exits: 1 << 22,
            overtaking: 1 << 24,
            verifying: 1 << 26,
        }
    }
}
