//! The images of open sessions, by small numbers.

use std::collections::VecDeque;
use std::sync::Arc;

use telltale_bytecode::{CodeImage, Image};

use crate::index::{Index, Key};
use crate::memory::arena::Arena;
use crate::program::by_hand::ByHand;
use crate::program::loaded::Loaded;
use crate::program::parallel::Parallel;
use crate::program::recent::linked;
use crate::{VMConfig, VMError};

/// How many images can be in use at once.
const LIMIT: usize = u16::MAX as usize;

/// How many images without sessions are kept, since linking one again costs more than opening a session.
const KEPT: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct Registry {
    entries: Vec<Entry>,
    /// By the address of the image, which stays where it is while it is in an entry.
    numbers: Index,
    /// The image that was asked for last, which is mostly the one asked for next.
    last: u16,
    /// Images whose last session may have ended, the oldest first; their numbers can be given to others.
    unused: VecDeque<u16>,
    /// How many images have been added.
    added: u64,
    /// What programs written by hand need, if there can be any.
    pub(crate) by_hand: Option<&'static dyn ByHand>,
    /// What parallel parts need, if there can be any.
    pub(crate) parallel: Option<&'static dyn Parallel>,
}

/// An image, as one machine uses it.
#[derive(Debug)]
struct Entry {
    loaded: Arc<Loaded>,
    /// The size class of the blocks of its sessions.
    class: usize,
    /// How many sessions of it there are.
    sessions: usize,
    /// Whether it is in the list of images without sessions.
    is_listed: bool,
    /// How many images were added before it: unlike its number, this is never another's.
    serial: u64,
}

impl Registry {
    #[inline]
    pub(crate) fn get(&self, number: u16) -> &Loaded {
        &self.entry(number).loaded
    }

    #[inline(always)]
    fn entry(&self, number: u16) -> &Entry {
        match self.entries.get(usize::from(number)) {
            Some(entry) => entry,
            None => no_image(),
        }
    }

    /// The size class of the blocks of an image's sessions.
    #[inline]
    pub(crate) fn class_of(&self, number: u16) -> usize {
        self.entry(number).class
    }

    /// What an image is told by from all that had or will have its number.
    #[inline]
    pub(crate) fn serial_of(&self, number: u16) -> u64 {
        self.entry(number).serial
    }

    /// A session of the image has begun.
    #[inline]
    pub(crate) fn occupy(&mut self, number: u16) {
        self.entries[usize::from(number)].sessions += 1;
    }

    /// The number of an image, which is prepared for sessions if it is new.
    #[inline]
    pub(crate) fn number_of(
        &mut self,
        image: &CodeImage,
        config: &VMConfig,
        arena: &mut Arena,
    ) -> Result<u16, VMError> {
        match self.entries.get(usize::from(self.last)) {
            Some(last) if last.loaded.image.is_same(image) => Ok(self.last),
            _ => self.look_up(image, config, arena),
        }
    }

    /// A session of the image has ended.
    pub(crate) fn release(&mut self, number: u16) {
        self.entries[usize::from(number)].sessions -= 1;
        self.list_if_unused(number);
    }

    /// If no session of the image is open, its number can be given to another.
    pub(crate) fn list_if_unused(&mut self, number: u16) {
        let entry = &mut self.entries[usize::from(number)];
        if entry.sessions == 0 && !entry.is_listed {
            entry.is_listed = true;
            self.unused.push_back(number);
        }
    }

    #[inline(never)]
    fn look_up(
        &mut self,
        image: &CodeImage,
        config: &VMConfig,
        arena: &mut Arena,
    ) -> Result<u16, VMError> {
        let number = match self.numbers.get(address(image)) {
            Some(number) => number as u16,
            None => self.add(image, config, arena)?,
        };
        self.last = number;
        Ok(number)
    }

    fn add(
        &mut self,
        image: &CodeImage,
        config: &VMConfig,
        arena: &mut Arena,
    ) -> Result<u16, VMError> {
        let (given, limit) = (image.registers(), config.max_registers.into());
        if given > limit {
            return Err(VMError::TooManyRegisters { given, limit });
        }
        let by_hand = image.is_by_hand().then(|| {
            self.by_hand
                .expect("an image that is not compiled comes in where programs written by hand can")
        });
        let parallel = image.global_type.is_parallel().then(|| {
            self.parallel.expect("a protocol with parallel parts comes in with what they need")
        });
        let loaded = linked(image, config, by_hand, parallel);
        let class = arena.class_for(loaded.template.len());
        let entry = Entry { loaded, class, sessions: 0, is_listed: false, serial: self.added };
        self.added += 1;
        let number = match self.take_unused() {
            Some(number) => {
                let old = std::mem::replace(&mut self.entries[usize::from(number)], entry);
                self.numbers.remove(address(&old.loaded.image));
                number
            }
            None if self.entries.len() == LIMIT => {
                return Err(VMError::TooManyImages { limit: LIMIT });
            }
            None => {
                self.entries.push(entry);
                self.entries.len() as u16 - 1
            }
        };
        self.numbers.insert(address(image), number.into());
        Ok(number)
    }

    fn take_unused(&mut self) -> Option<u16> {
        while self.unused.len() > KEPT || self.entries.len() == LIMIT {
            let number = self.unused.pop_front()?;
            let entry = &mut self.entries[usize::from(number)];
            entry.is_listed = false;
            if entry.sessions == 0 {
                return Some(number);
            }
        }
        None
    }
}

/// One panic for all numbers, as `memory` has one for all places.
#[cold]
#[inline(never)]
fn no_image() -> ! {
    panic!("a number that no image has")
}

fn address(image: &CodeImage) -> Key {
    ((&raw const **image).cast::<Image>().addr() as u64, 0)
}

#[cfg(test)]
mod tests {
    use telltale_types::{GlobalTerm, Label};

    use super::*;
    use crate::testing;

    fn image(label: &str) -> CodeImage {
        let term = GlobalTerm::send("A", "B", Label::new(label.to_owned()), GlobalTerm::end());
        testing::image(&term.close().expect("it is closed")).expect("it projects")
    }

    /// A session of each of these images begins and ends, over and over.
    fn numbers_after_using(images: &[CodeImage]) -> usize {
        let (mut registry, mut arena) = (Registry::default(), Arena::default());
        let config = VMConfig::default();
        for image in images.iter().cycle().take(images.len() * 5) {
            let number = registry.number_of(image, &config, &mut arena).expect("there is room");
            registry.occupy(number);
            registry.release(number);
        }
        registry.entries.len()
    }

    #[test]
    fn images_that_are_used_by_turns_are_linked_once() {
        assert_eq!(numbers_after_using(&[image("one"), image("other")]), 2);
    }

    #[test]
    fn images_that_nobody_uses_are_given_up() {
        let images: Vec<CodeImage> = (0..300).map(|at| image(&format!("m{at}"))).collect();
        assert!(numbers_after_using(&images) <= KEPT + 2);
    }
}
