//! The futures of an endpoint: each takes it from one state to the next.
//!
//! They are thin: what they do is done once for all states, what they add is only the type of the next one. An endpoint
//! belongs to its future while that runs, so to drop the future is to drop the endpoint. [`Ready`] only borrows it.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use telltale_types::{LabelId, RoleId};

use super::{Arrived, Branches, Handle, Outgoing, State};
use crate::{SessionError, pack};

const POLLED_AGAIN: &str = "a future is not polled again when it is ready";

/// Sends; gives the endpoint in its next state.
///
/// It is ready at once, unless the channel is full. When it is dropped before, the endpoint is.
#[must_use = "nothing is sent before this is awaited"]
pub struct Sending<S> {
    handle: Option<Handle>,
    message: Outgoing,
    next: PhantomData<fn() -> S>,
}

impl<S> Sending<S> {
    /// A message to a role.
    pub fn new<P: Send + 'static>(handle: Handle, to: u8, label: u16, payload: P) -> Self {
        let value = Some(pack(payload));
        let message = Outgoing { to: RoleId(to), label: LabelId(label), value };
        Self { handle: Some(handle), message, next: PhantomData }
    }
}

impl<S: State> Future for Sending<S> {
    type Output = Result<S, SessionError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { handle, message, .. } = self.get_mut();
        poll_send(handle, message, cx).map_ok(S::at)
    }
}

fn poll_send(
    handle: &mut Option<Handle>,
    message: &mut Outgoing,
    cx: &mut Context<'_>,
) -> Poll<Result<Handle, SessionError>> {
    let sender = handle.as_ref().expect(POLLED_AGAIN);
    let sent = ready!(sender.seats().poll_send(sender.place(), message, cx));
    let sender = handle.take().expect(POLLED_AGAIN);
    Poll::Ready(sent.map(|()| sender))
}

/// Receives a message; gives its payload, and the endpoint in its next state.
///
/// When it is dropped before, the endpoint is.
#[must_use = "nothing is received before this is awaited"]
pub struct Receiving<P, S> {
    handle: Option<Handle>,
    next: PhantomData<fn() -> (P, S)>,
}

impl<P, S> Receiving<P, S> {
    /// The next message.
    pub fn new(handle: Handle) -> Self {
        Self { handle: Some(handle), next: PhantomData }
    }
}

impl<P: 'static, S: State> Future for Receiving<P, S> {
    type Output = Result<(P, S), SessionError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let arrived = ready!(poll_receive(&mut self.get_mut().handle, cx));
        Poll::Ready(arrived.and_then(Arrived::take))
    }
}

/// Receives a message that carries nothing; gives the endpoint in its next state.
///
/// When it is dropped before, the endpoint is.
#[must_use = "nothing is received before this is awaited"]
pub struct ReceivingSignal<S> {
    handle: Option<Handle>,
    next: PhantomData<fn() -> S>,
}

impl<S> ReceivingSignal<S> {
    /// The next message.
    pub fn new(handle: Handle) -> Self {
        Self { handle: Some(handle), next: PhantomData }
    }
}

impl<S: State> Future for ReceivingSignal<S> {
    type Output = Result<S, SessionError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let arrived = ready!(poll_receive(&mut self.get_mut().handle, cx));
        Poll::Ready(arrived.and_then(Arrived::signal))
    }
}

/// Receives whichever of several messages comes; gives the branch, with the endpoint in its next state.
///
/// When it is dropped before, the endpoint is.
#[must_use = "nothing is received before this is awaited"]
pub struct Offering<B> {
    handle: Option<Handle>,
    branches: PhantomData<fn() -> B>,
}

impl<B> Offering<B> {
    /// The next message.
    pub fn new(handle: Handle) -> Self {
        Self { handle: Some(handle), branches: PhantomData }
    }
}

impl<B: Branches> Future for Offering<B> {
    type Output = Result<B, SessionError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let arrived = ready!(poll_receive(&mut self.get_mut().handle, cx));
        Poll::Ready(arrived.and_then(B::of))
    }
}

fn poll_receive(
    handle: &mut Option<Handle>,
    cx: &mut Context<'_>,
) -> Poll<Result<Arrived, SessionError>> {
    let waiting = handle.as_ref().expect(POLLED_AGAIN);
    let received = ready!(waiting.seats().poll_receive(waiting.place(), cx));
    let handle = handle.take().expect(POLLED_AGAIN);
    Poll::Ready(received.map(|message| Arrived::new(handle, message)))
}

/// Waits until a message has come, and takes nothing, so that it can be dropped at any time.
#[must_use = "nothing is waited for before this is awaited"]
pub struct Ready<'a> {
    handle: &'a Handle,
}

impl<'a> Ready<'a> {
    pub(super) fn new(handle: &'a Handle) -> Self {
        Self { handle }
    }
}

impl Future for Ready<'_> {
    type Output = Result<(), SessionError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.handle.seats().poll_ready(self.handle.place(), cx)
    }
}

macro_rules! prints {
    ($($future:ident<$($parameter:tt),*>)*) => {$(
        impl<$($parameter),*> fmt::Debug for $future<$($parameter),*> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($future)).field(&self.handle).finish()
            }
        }
    )*};
}

prints! { Sending<S> Receiving<P, S> ReceivingSignal<S> Offering<B> Ready<'a> }
