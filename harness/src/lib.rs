//! Real servers and processes that are killed, and what has to hold all the same.

pub mod server;
