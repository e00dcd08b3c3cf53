//! Endpoints over the engine in memory.

#![cfg(feature = "services")]

mod clients {
    mod faults;
    mod gone;
    mod joins;
    mod odd;
    mod played;
    mod runtimes;
    mod scene;
}
