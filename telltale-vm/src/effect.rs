//! The only way out of the VM.
//!
//! The VM itself computes no payload, takes no decision and knows no time. Whatever a protocol
//! leaves open it asks its *handler*.

use std::error::Error;
use std::fmt;

use telltale_bytecode::{Branch, Image};
use telltale_types::{LabelId, LabelView, RoleId};

use crate::lines::{label_of, role_of};
use crate::memory::coroutine::{Actor, Coro};
use crate::memory::wraps::Wraps;
use crate::roles::observer::Observer;
use crate::scripted::FollowsSchedules;
use crate::value::payload::unpack_of;
use crate::{SessionId, Value};

/// Answers what the protocols of a whole VM leave open.
///
/// Whatever the capacity of the channels and the order of turns, a role is asked exactly once for
/// each message it sends and told exactly once of each message it receives. So that a run can be
/// repeated, a handler's answers should depend on nothing but the session's own past; randomness
/// comes from [`Context::seed`].
///
/// ```
/// use telltale_vm::{Branch, Context, EffectHandler, HandlerResult, LabelId, Picked, RoleId, Value};
///
/// /// Sends zeros and always takes the first branch.
/// struct Zeros;
///
/// impl EffectHandler for Zeros {
///     fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
///         Ok(Value::Uint(0))
///     }
///     fn receive(&self, cx: &Context<'_>, from: RoleId, label: LabelId, value: Value) -> HandlerResult<()> {
///         println!("{} got {} from {}: {value}", cx.role_name(), cx.label(label), cx.name(from));
///         Ok(())
///     }
///     fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
///         Ok(Picked { branch: 0, value: Value::Uint(0) })
///     }
/// }
/// ```
pub trait EffectHandler: Sync + FollowsSchedules {
    /// The payload of a message that the role sends.
    ///
    /// # Errors
    ///
    /// An error ends the session.
    fn send(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value>;

    /// The role has received a message.
    ///
    /// # Errors
    ///
    /// An error ends the session.
    fn receive(
        &self,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()>;

    /// The branch that the role takes, and the payload of its message.
    ///
    /// # Errors
    ///
    /// An error ends the session.
    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked>;

    /// Performs a named effect ([`Instr::Invoke`](telltale_bytecode::Instr::Invoke)).
    ///
    /// # Errors
    ///
    /// An error ends the session; so does not having this method.
    fn invoke(
        &self,
        cx: &Context<'_>,
        effect: &str,
        argument: Option<&Value>,
    ) -> HandlerResult<Value> {
        let _ = argument;
        let role = cx.role_name();
        Err(HandlerError::msg(format!(
            "`{role}` invokes `{effect}`, which its handler does not know"
        )))
    }

    /// Who decides what becomes of messages, if they are not simply delivered.
    ///
    /// Asked once at the start of every [`VM::run`](crate::VM::run) and
    /// [`VM::step_round`](crate::VM::step_round).
    fn network(&self) -> Option<&dyn Network> {
        None
    }

    /// Who stands between it, or role objects in its run, and the machine. Then it has a [network](EffectHandler::network).
    #[doc(hidden)]
    fn observer(&self) -> Observer<'_> {
        Observer::default()
    }

    /// Whether it never gives an answer. No innermost loop is compiled for it then.
    #[doc(hidden)]
    fn only_refuses(&self) -> bool {
        false
    }
}

/// Decides what becomes of each message that is sent: for simulations of a network.
pub trait Network: Sync {
    /// What becomes of a message whose payload has been given and which need not wait for room.
    ///
    /// Not asked about messages that carry an endpoint: those are always delivered.
    fn decide(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> SendDecision;
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SendDecision {
    /// It goes into its channel.
    Deliver,
    /// It is lost.
    Drop,
    /// It is kept aside: [`VM::take_deferred`](crate::VM::take_deferred) gives it, and
    /// [`VM::inject`](crate::VM::inject) delivers it. Its session waits until then, or until
    /// [`VM::give_up_deferred`](crate::VM::give_up_deferred).
    Defer,
}

/// A branch of a choice, with the payload of its message.
#[derive(Debug)]
pub struct Picked {
    /// Which of the branches, counted from 0.
    pub branch: usize,
    /// The payload.
    pub value: Value,
}

/// Who is asked: a role of a session.
#[derive(Debug)]
pub struct Context<'a> {
    pub(crate) image: &'a Image,
    pub(crate) session: SessionId,
    pub(crate) actor: Actor,
    /// The role's word in the block, as far as its count of effects goes.
    pub(crate) word: u64,
    /// The instruction that is being executed, in the code of all roles; or [`Context::AS_WRITTEN`].
    pub(crate) at: u32,
    pub(crate) seed: u64,
    pub(crate) wraps: &'a Wraps,
}

impl Context<'_> {
    /// In place of an instruction: on the script, the role's word in the block says where it is.
    pub(crate) const AS_WRITTEN: u32 = u32::MAX;

    /// The session.
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// The role that is asked.
    pub fn role(&self) -> RoleId {
        self.actor.role
    }

    /// The name of the role that is asked.
    pub fn role_name(&self) -> &str {
        self.name(self.actor.role)
    }

    /// The name of a role of the protocol.
    pub fn name(&self, role: RoleId) -> &str {
        role_of(self.image.names(), role)
    }

    /// The name and payload type of a label of the protocol.
    pub fn label(&self, label: LabelId) -> LabelView<'_> {
        label_of(self.image.names(), label)
    }

    /// What the payload of a message carries, as a Rust value.
    ///
    /// ```
    /// use telltale_vm::{Context, HandlerResult, LabelId, Value};
    ///
    /// fn add(sum: &mut u64, cx: &Context<'_>, label: LabelId, value: Value) -> HandlerResult<()> {
    ///     *sum += cx.unpack::<u64>(label, value)?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// When it carries something else than `T`, or a number that is out of the range of `T`: a text that
    /// says what.
    #[inline(always)]
    pub fn unpack<T: 'static>(&self, label: LabelId, value: Value) -> HandlerResult<T> {
        unpack_of(self.image, label, value)
    }

    /// Which of the things that the role does at once is asked: 0 where it does one thing, and the number of the
    /// lane in the arms of a `par` that shares the role.
    pub fn lane(&self) -> u8 {
        self.actor.lane
    }

    /// How many effects this role had before, in this session. Each lane of a role counts its own.
    pub fn count(&self) -> u64 {
        self.wraps.count(self.session, self.actor, self.count_in_word())
    }

    /// The same, as far as the role's word goes.
    #[inline]
    pub(crate) fn count_in_word(&self) -> u32 {
        Coro::from_word(self.word).count
    }

    /// The role has had one more effect.
    #[inline]
    pub(crate) fn add_effect(&mut self) {
        let (word, wraps) = self.word.overflowing_add(Coro::at(0, 1).to_word());
        self.word = word;
        if wraps {
            self.wraps.note(self.session, self.actor);
        }
    }

    /// A number that is different for each effect and the same in every run.
    ///
    /// It is derived from the seed of the VM, the session, the role, its lane and the count.
    pub fn seed(&self) -> u64 {
        let acts = u64::from(self.actor.role.0) | u64::from(self.actor.lane) << 8;
        [self.session.ordinal(), acts, self.count()]
            .into_iter()
            .fold(self.seed, |seed, part| mix(seed ^ mix(part)))
    }
}

/// The finaliser of `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014).
pub(crate) const fn mix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The answer of a handler.
pub type HandlerResult<T> = Result<T, HandlerError>;

/// Why a handler or a role gives up, or that it has no answer yet.
///
/// Every error that is `Send` and `Sync` converts into it, `Box<dyn Error + Send + Sync>` and `anyhow::Error` as well, and
/// so do texts: `?` works in handlers and in the methods of roles.
///
/// ```
/// use telltale_vm::HandlerResult;
///
/// fn parse(text: &str) -> HandlerResult<u64> {
///     if text.is_empty() {
///         return Err("expected a number".into());
///     }
///     Ok(text.parse()?)
/// }
/// assert_eq!(parse("x").unwrap_err().to_string(), "invalid digit found in string");
/// assert_eq!(parse("").unwrap_err().to_string(), "expected a number");
/// ```
pub struct HandlerError(Option<Box<Box<dyn Error + Send + Sync>>>);

impl HandlerError {
    /// An error that is just a text.
    // Not inlined, so that handlers that mostly succeed stay small.
    #[cold]
    #[inline(never)]
    pub fn msg(text: impl Into<String>) -> Self {
        Self(Some(Box::new(text.into().into())))
    }

    /// There is no answer yet: the role waits until [`VM::wake`](crate::VM::wake) and is asked again. (If it is
    /// played through an endpoint, the holder waits.)
    ///
    /// As the answer of [`EffectHandler::receive`]: the message is taken, and the role waits before it
    /// continues; it is not told again.
    pub fn pending() -> Self {
        Self(None)
    }

    /// Whether there is only no answer yet.
    pub fn is_pending(&self) -> bool {
        self.0.is_none()
    }

    /// The error of this type inside.
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        self.0.as_ref()?.downcast_ref()
    }

    /// The error inside; nothing if there is only no answer yet.
    pub fn into_inner(self) -> Option<Box<dyn Error + Send + Sync>> {
        self.0.map(|error| *error)
    }

    pub(crate) fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.as_ref().map(|error| &***error as &(dyn Error + 'static))
    }
}

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for HandlerError {
    // Not inlined, so that handlers that mostly succeed stay small.
    #[cold]
    fn from(error: E) -> Self {
        Self(Some(Box::new(error.into())))
    }
}

impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(error) => error.fmt(f),
            None => f.write_str("there is no answer yet"),
        }
    }
}

impl fmt::Debug for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(error) => error.fmt(f),
            None => f.write_str("Pending"),
        }
    }
}

/// The handler of a VM whose sessions all have role objects: it answers nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHandler;

impl NoHandler {
    fn refuse<T>(cx: &Context<'_>) -> HandlerResult<T> {
        let role = cx.role_name();
        Err(HandlerError::msg(format!(
            "`{role}` has no role object and the VM runs with `NoHandler`"
        )))
    }
}

impl EffectHandler for NoHandler {
    fn send(&self, cx: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        Self::refuse(cx)
    }

    fn receive(&self, cx: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Self::refuse(cx)
    }

    fn choose(&self, cx: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Self::refuse(cx)
    }

    fn only_refuses(&self) -> bool {
        true
    }
}
