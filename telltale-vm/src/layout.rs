//! How the words of a session's block are used.
//!
//! ```text
//! 0            ordinal, and the role that ran last
//! 1            cast, image, live roles, status and marks
//! 2..          ready: one bit per role
//! roles..      per role: program counter, count of effects
//! channels..   per channel: a cell or a ring (see `channel`)
//! ```
//!
//! The block is made by copying the template of its image.

use telltale_bytecode::CodeImage;
use telltale_types::{LabelId, RoleId};

use crate::arena::Arena;
use crate::channel::{Plan, Shape};
use crate::{Kind, VMConfig, ready};

/// The words before the ready bits.
pub(crate) const READY: usize = 2;

/// An image as the VM keeps it while sessions of it are open.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) image: CodeImage,
    pub(crate) template: Box<[u64]>,
    /// The size class of the blocks.
    pub(crate) class: usize,
    pub(crate) roles: usize,
    /// Where the words of the roles start.
    pub(crate) roles_at: usize,
    /// For sender × receiver, their channel; pairs that do not talk have no place.
    plans: Box<[Plan]>,
    /// For each label, the kind of its payload; nothing if it may be any.
    kinds: Box<[Option<Kind>]>,
    /// Whether some channel may have memory beside the block.
    pub(crate) has_rings: bool,
    /// The number under which the trace names it.
    pub(crate) traced_as: u16,
    /// How many sessions of it there are.
    pub(crate) sessions: usize,
    /// Whether it is in the registry's list of images without sessions.
    pub(crate) is_listed: bool,
}

impl Loaded {
    pub(crate) fn new(
        image: &CodeImage,
        config: &VMConfig,
        arena: &mut Arena,
        traced_as: u16,
    ) -> Self {
        let names = image.names();
        let roles = names.role_count();
        let roles_at = READY + ready::words(roles);
        let mut words = roles_at + roles;

        let mut plans = vec![Plan::NONE; roles * roles];
        for channel in image.channels() {
            let shape = if channel.single { Shape::Cell } else { Shape::Ring };
            let plan = Plan { place: words as u32, capacity: config.capacity, shape };
            plans[channel.from.index() * roles + channel.to.index()] = plan;
            words += shape.words();
        }
        let kinds = names.labels().map(|(_, label)| Kind::of_type(label.payload)).collect();

        let mut template = vec![0; words];
        for (role, _) in names.roles() {
            template[roles_at + role.index()] = image.programs.start(role).into();
            template[READY + role.index() / 64] |= 1 << (role.index() % 64);
        }
        Self {
            image: image.clone(),
            template: template.into(),
            class: arena.class_for(words),
            roles,
            roles_at,
            has_rings: plans.iter().any(|plan| plan.shape == Shape::Ring),
            plans: plans.into(),
            kinds,
            traced_as,
            sessions: 0,
            is_listed: false,
        }
    }

    /// The channel from one role to another.
    #[inline]
    pub(crate) fn plan(&self, from: RoleId, to: RoleId) -> Plan {
        self.plans[from.index() * self.roles + to.index()]
    }

    /// The kind that the payload of a label must have.
    #[inline]
    pub(crate) fn kind(&self, label: LabelId) -> Option<Kind> {
        self.kinds[label.index()]
    }

    /// All channels.
    pub(crate) fn all_plans(&self) -> impl Iterator<Item = Plan> + '_ {
        self.plans.iter().copied().filter(|plan| plan.exists())
    }
}
