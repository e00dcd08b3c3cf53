//! Images that this thread has linked lately, for the machines that are made next.
//!
//! Linking costs more than a short session does, and depends on nothing but the image and a few settings. So a machine
//! that is made for one session finds its image linked by the machine before.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

use telltale_bytecode::CodeImage;

use crate::config::ChannelConfig;
use crate::program::loaded::Loaded;
use crate::{ChannelMode, VMConfig, WhenFull};

/// How many are kept.
const KEPT: usize = 16;

/// A linked image, and the settings for which it is linked.
struct Recent {
    settings: Settings,
    loaded: Arc<Loaded>,
}

/// What of a configuration decides how an image is linked.
#[derive(PartialEq)]
struct Settings {
    follows_schedules: bool,
    capacity: u16,
    when_full: WhenFull,
    mode: ChannelMode,
    channels: Vec<ChannelConfig>,
    max_buffered: u16,
}

thread_local! {
    static RECENT: RefCell<VecDeque<Recent>> = const { RefCell::new(VecDeque::new()) };
}

/// The image, linked for these settings.
pub(super) fn linked(image: &CodeImage, config: &VMConfig) -> Arc<Loaded> {
    let settings = Settings::of(config);
    RECENT.with_borrow_mut(|recent| {
        let is_it =
            |recent: &&Recent| recent.loaded.image.is_same(image) && recent.settings == settings;
        if let Some(known) = recent.iter().find(is_it) {
            return Arc::clone(&known.loaded);
        }
        let loaded = Arc::new(Loaded::new(image, config));
        recent.truncate(KEPT - 1);
        recent.push_front(Recent { settings, loaded: Arc::clone(&loaded) });
        loaded
    })
}

impl Settings {
    fn of(config: &VMConfig) -> Self {
        let follows_schedules = config.follows_schedules();
        let VMConfig { capacity, when_full, mode, max_buffered, .. } = *config;
        let channels = config.channels.clone();
        Self { follows_schedules, capacity, when_full, mode, channels, max_buffered }
    }
}
