//! The page of the guide about browsers. Its example is run in one, by `tests/browser/run.js`.

/// `docs/24_browser.md`
#[doc = include_str!("../../docs/24_browser.md")]
mod browser {}
