//! The images of open sessions, by small numbers.

use std::collections::HashMap;

use telltale_bytecode::{CodeImage, Image};

use crate::arena::Arena;
use crate::layout::Loaded;
use crate::{VMConfig, VMError};

/// How many images can be in use at once.
const LIMIT: usize = u16::MAX as usize;

#[derive(Debug, Default)]
pub(crate) struct Registry {
    loaded: Vec<Loaded>,
    /// By the address of the image, which stays where it is while it is in `loaded`.
    numbers: HashMap<usize, u16>,
    /// The image that was asked for last, which is mostly the one asked for next.
    last: u16,
    /// Images whose last session may have ended; their numbers can be given to others.
    unused: Vec<u16>,
}

impl Registry {
    #[inline]
    pub(crate) fn get(&self, number: u16) -> &Loaded {
        &self.loaded[usize::from(number)]
    }

    pub(crate) fn get_mut(&mut self, number: u16) -> &mut Loaded {
        &mut self.loaded[usize::from(number)]
    }

    /// The number of an image, which is prepared for sessions if it is new.
    #[inline]
    pub(crate) fn number_of(
        &mut self,
        image: &CodeImage,
        config: &VMConfig,
        arena: &mut Arena,
    ) -> Result<u16, VMError> {
        match self.loaded.get(usize::from(self.last)) {
            Some(last) if last.image.is_same(image) => Ok(self.last),
            _ => self.look_up(image, config, arena),
        }
    }

    /// A session of the image has ended.
    pub(crate) fn release(&mut self, number: u16) {
        self.loaded[usize::from(number)].sessions -= 1;
        self.list_if_unused(number);
    }

    /// If no session of the image is open, its number can be given to another.
    pub(crate) fn list_if_unused(&mut self, number: u16) {
        let loaded = &mut self.loaded[usize::from(number)];
        if loaded.sessions == 0 && !loaded.is_listed {
            loaded.is_listed = true;
            self.unused.push(number);
        }
    }

    fn look_up(
        &mut self,
        image: &CodeImage,
        config: &VMConfig,
        arena: &mut Arena,
    ) -> Result<u16, VMError> {
        let number = match self.numbers.get(&address(image)) {
            Some(&number) => number,
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
        let loaded = Loaded::new(image, config, arena);
        let number = match self.take_unused() {
            Some(number) => {
                let old = std::mem::replace(&mut self.loaded[usize::from(number)], loaded);
                self.numbers.remove(&address(&old.image));
                number
            }
            None if self.loaded.len() == LIMIT => {
                return Err(VMError::TooManyImages { limit: LIMIT });
            }
            None => {
                self.loaded.push(loaded);
                self.loaded.len() as u16 - 1
            }
        };
        self.numbers.insert(address(image), number);
        Ok(number)
    }

    fn take_unused(&mut self) -> Option<u16> {
        while let Some(number) = self.unused.pop() {
            let loaded = &mut self.loaded[usize::from(number)];
            loaded.is_listed = false;
            if loaded.sessions == 0 {
                return Some(number);
            }
        }
        None
    }
}

fn address(image: &CodeImage) -> usize {
    (&raw const **image).cast::<Image>().addr()
}
