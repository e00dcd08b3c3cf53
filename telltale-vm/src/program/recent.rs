//! Images that this thread has linked lately, for the machines that are made next.
//!
//! Linking costs more than a short session does, and depends on nothing but the image and a few settings. So a machine
//! that is made for one session finds its image linked by the machine before.

use std::cell::RefCell;
use std::sync::Arc;

use telltale_bytecode::CodeImage;

use crate::config::ChannelConfig;
use crate::program::by_hand::ByHand;
use crate::program::loaded::Loaded;
use crate::program::parallel::Parallel;
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
    static RECENT: RefCell<Vec<Recent>> = const { RefCell::new(Vec::new()) };
}

/// The image, linked for these settings.
pub(super) fn linked(
    image: &CodeImage,
    config: &VMConfig,
    by_hand: Option<&'static dyn ByHand>,
    parallel: Option<&'static dyn Parallel>,
) -> Arc<Loaded> {
    let link = || Arc::new(Loaded::new(image, config, by_hand, parallel));
    let found =
        RECENT.try_with(|recent| find_or_link(&mut recent.borrow_mut(), image, config, &link));
    // A thread that is about to end has forgotten them.
    found.unwrap_or_else(|_| link())
}

fn find_or_link(
    recent: &mut Vec<Recent>,
    image: &CodeImage,
    config: &VMConfig,
    link: &dyn Fn() -> Arc<Loaded>,
) -> Arc<Loaded> {
    let settings = Settings::of(config);
    let is_it =
        |recent: &&Recent| recent.loaded.image.is_same(image) && recent.settings == settings;
    if let Some(known) = recent.iter().find(is_it) {
        return Arc::clone(&known.loaded);
    }
    let loaded = link();
    recent.truncate(KEPT - 1);
    recent.insert(0, Recent { settings, loaded: Arc::clone(&loaded) });
    loaded
}

impl Settings {
    fn of(config: &VMConfig) -> Self {
        let follows_schedules = config.follows_schedules();
        let VMConfig { capacity, when_full, mode, max_buffered, .. } = *config;
        let channels = config.channels.clone();
        Self { follows_schedules, capacity, when_full, mode, channels, max_buffered }
    }
}

#[cfg(test)]
mod tests {
    use telltale_types::{GlobalTerm, Label};

    use super::*;
    use crate::testing;

    fn image(label: usize) -> CodeImage {
        let label = Label::new(format!("m{label}"));
        let term = GlobalTerm::send("A", "B", label, GlobalTerm::end());
        testing::image(&term.close().expect("it is closed")).expect("it projects")
    }

    #[test]
    fn the_same_image_with_the_same_settings_is_linked_once() {
        let (image, config) = (image(0), VMConfig::default());
        let first = linked(&image, &config, None, None);
        assert!(Arc::ptr_eq(
            &first,
            &linked(&image, &VMConfig { seed: 7, ..config.clone() }, None, None)
        ));
        let narrow = VMConfig { capacity: 1, ..config };
        assert!(
            !Arc::ptr_eq(&first, &linked(&image, &narrow, None, None)),
            "its channels hold less"
        );
        assert!(
            Arc::ptr_eq(&first, &linked(&image, &VMConfig::default(), None, None)),
            "both are kept"
        );
    }

    #[test]
    fn no_more_than_a_few_are_kept() {
        let (first, config) = (image(0), VMConfig::default());
        let linked_first = Arc::downgrade(&linked(&first, &config, None, None));
        (1..=KEPT).for_each(|label| drop(linked(&image(label), &config, None, None)));
        assert!(linked_first.upgrade().is_none(), "nobody uses it any more");
    }
}
