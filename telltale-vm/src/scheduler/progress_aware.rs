//! Of the ready roles, the one comes first for which most others wait: for its messages, or for room in the channels
//! that it empties.
//!
//! The first turn of a slice goes round, and nobody has a second one before every ready role has had
//! one, so nobody starves.

use super::Turns;
use super::awaited::Awaited;
use crate::exec::{Exit, Slice};
use crate::memory::header;

pub(super) fn slice(slice: &mut Slice<'_, '_>, turns: &mut Turns) -> Result<(), Exit> {
    slice.awaited = Some(Awaited::of(slice.block, slice.loaded));
    let first = slice.ready_roles().next(header::turn(slice.block));
    if let Some(role) = first.filter(|_| slice.left > 0 && turns.take()) {
        let turned = slice.turn(role);
        header::set_turn(slice.block, slice.loaded.coro_after(role));
        turned?;
    }
    let from = header::turn(slice.block);
    let mut due = slice.ready_roles();
    while slice.left > 0 {
        let awaited = slice.awaited.as_ref();
        match awaited.and_then(|awaited| awaited.most_of(&due, from)) {
            Some(role) if turns.take() => {
                due.remove(role);
                slice.turn(role)?;
                debug_assert!(is_true(slice), "who waits is known without counting again");
            }
            Some(_) => break,
            None => {
                due = slice.ready_roles();
                if due.next(from).is_none() {
                    break;
                }
            }
        }
    }
    Ok(())
}

/// Whether what is known of who waits is what the channels say.
fn is_true(slice: &Slice<'_, '_>) -> bool {
    slice.awaited.as_ref() == Some(&Awaited::of(slice.block, slice.loaded))
}
