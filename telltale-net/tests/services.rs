//! Services over the engine in memory.

#![cfg(feature = "services")]

mod services {
    mod ends;
    mod faults;
    mod names;
    mod played;
    mod purchase;
    mod restored;
    mod times;
}
