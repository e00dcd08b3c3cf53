//! Who plays a role, if no role object does.

use std::marker::PhantomData;

use telltale_types::RoleId;

/// In place of a role object: [`ByHandler`](type@ByHandler), [`Driven`](type@Driven) or [`Elsewhere`](type@Elsewhere), which say who plays the role.
///
/// Each implements the traits of all roles. They are one type with a parameter, so that what is generated for a
/// role has one implementation for all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marker<P>(PhantomData<P>);

impl<P> Marker<P> {
    /// The marker.
    pub const NEW: Self = Self(PhantomData);
}

/// In place of a role object: the handler of the run plays this role.
///
/// It implements the traits of all roles, so that some roles of a session can be objects while a handler answers for
/// the others: a role in a test, for example, against a scripted rest.
///
/// ```
/// # #[cfg(feature = "macros")] mod doc {
/// # use telltale_vm::{Branch, Context, HandlerResult, LabelId, Picked, RoleId, Value, choreography};
/// use telltale_vm::{ByHandler, EffectHandler};
/// # choreography! { pub protocol Count(Client, Server) { Client -> Server: Word(String); Server -> Client: Letters(u64); } }
///
/// struct Server { letters: u64 }
///
/// impl count::Server for Server {
///     fn on_word(&mut self, word: String) -> HandlerResult<()> {
///         self.letters = word.len() as u64;
///         Ok(())
///     }
///     fn letters(&mut self) -> HandlerResult<u64> {
///         Ok(self.letters)
///     }
/// }
///
/// /// Plays the client.
/// struct Client;
///
/// impl EffectHandler for Client {
///     fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
///         Ok(Value::text("tea"))
///     }
///     fn receive(&self, cx: &Context<'_>, _: RoleId, label: LabelId, value: Value) -> HandlerResult<()> {
///         assert_eq!(cx.unpack::<u64>(label, value)?, 3);
///         Ok(())
///     }
///     fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
///         Err("the client decides nothing".into())
///     }
/// }
///
/// # pub fn main() -> Result<(), telltale_vm::VMError> {
/// let roles = count::Roles { client: ByHandler, server: Server { letters: 0 } };
/// let roles = roles.play_with(&Client)?;
/// assert_eq!(roles.server.letters, 3);
/// # Ok(())
/// # }
/// # }
/// # #[cfg(feature = "macros")]
/// # fn main() -> Result<(), telltale_vm::VMError> { doc::main() }
/// # #[cfg(not(feature = "macros"))]
/// # fn main() {}
/// ```
pub type ByHandler = Marker<player::Handler>;
/// The value of its type.
#[expect(non_upper_case_globals, reason = "it stands where a unit struct would")]
pub const ByHandler: ByHandler = Marker::NEW;

/// In place of a role object: calls from outside play this role ([`outside`](crate::outside)).
pub type Driven = Marker<player::Driven>;
/// The value of its type.
#[expect(non_upper_case_globals, reason = "it stands where a unit struct would")]
pub const Driven: Driven = Marker::NEW;

/// In place of a role object: this role is played in another process or another VM, and this session is the part of those
/// that are played here ([`outside`](crate::outside)).
pub type Elsewhere = Marker<player::Elsewhere>;
/// The value of its type.
#[expect(non_upper_case_globals, reason = "it stands where a unit struct would")]
pub const Elsewhere: Elsewhere = Marker::NEW;

/// What markers are told apart by.
pub mod player {
    /// See [`ByHandler`](type@super::ByHandler).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Handler;
    /// See [`Driven`](type@super::Driven).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Driven;
    /// See [`Elsewhere`](type@super::Elsewhere).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Elsewhere;
}

/// Who plays a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Player {
    /// Its role object.
    Object,
    /// The handler of the run.
    Handler,
    /// Calls from outside.
    Driven,
    /// Somebody else, elsewhere.
    Elsewhere,
}

/// A kind of marker.
pub trait Plays: Send + 'static {
    /// Who plays a role in whose place the marker stands.
    const PLAYER: Player;
}

impl Plays for player::Handler {
    const PLAYER: Player = Player::Handler;
}

impl Plays for player::Driven {
    const PLAYER: Player = Player::Driven;
}

impl Plays for player::Elsewhere {
    const PLAYER: Player = Player::Elsewhere;
}

/// Some roles of a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RoleSet([u64; 4]);

impl RoleSet {
    /// None of them.
    pub(crate) const NONE: Self = Self([0; 4]);

    #[inline]
    fn insert(&mut self, role: RoleId) {
        self.0[role.index() / 64] |= 1 << (role.index() % 64);
    }

    /// Takes a role out. Says whether it was in it.
    pub(crate) fn remove(&mut self, role: RoleId) -> bool {
        let was_in = self.contains(role);
        self.0[role.index() / 64] &= !(1 << (role.index() % 64));
        was_in
    }

    /// Whether no role is in it.
    pub(crate) fn is_empty(self) -> bool {
        self == Self::NONE
    }

    pub(crate) fn contains(self, role: RoleId) -> bool {
        self.0[role.index() / 64] >> (role.index() % 64) & 1 == 1
    }

    /// The roles in it. That there are none is found out at once.
    pub(crate) fn iter(mut self) -> impl Iterator<Item = RoleId> {
        std::iter::from_fn(move || {
            let (word, bits) = self.0.iter_mut().enumerate().find(|(_, bits)| **bits != 0)?;
            let role = word * 64 + bits.trailing_zeros() as usize;
            *bits &= *bits - 1;
            Some(RoleId::at(role))
        })
    }
}

/// Who plays the roles of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Players {
    pub(crate) by_handler: RoleSet,
    pub(crate) driven: RoleSet,
    pub(crate) elsewhere: RoleSet,
    /// Whether one of the last two has roles. (Of the sets themselves, the compiler does not see that they are always empty.)
    are_outside: bool,
}

impl Players {
    /// Role objects play all of them.
    pub const OBJECTS: Self = Self {
        by_handler: RoleSet::NONE,
        driven: RoleSet::NONE,
        elsewhere: RoleSet::NONE,
        are_outside: false,
    };

    /// The same, but for one role.
    #[must_use]
    #[inline]
    pub fn with(mut self, role: RoleId, player: Player) -> Self {
        self.are_outside |= matches!(player, Player::Driven | Player::Elsewhere);
        match player {
            Player::Object => {}
            Player::Handler => self.by_handler.insert(role),
            Player::Driven => self.driven.insert(role),
            Player::Elsewhere => self.elsewhere.insert(role),
        }
        self
    }

    /// Whether some roles are played from outside of the VM.
    #[inline]
    pub(crate) fn are_outside(&self) -> bool {
        self.are_outside
    }

    /// The first role that is played from outside of the VM.
    pub(crate) fn first_outside(self) -> Option<RoleId> {
        self.outside().next()
    }

    /// The roles that are played from outside of the VM.
    pub(crate) fn outside(self) -> impl Iterator<Item = RoleId> {
        self.driven.iter().chain(self.elsewhere.iter())
    }
}
