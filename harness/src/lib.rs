//! Takes a seed and how much is to be done; starts PostgreSQL servers and processes that play roles over them, kills and stops them at
//! moments that the seed decides, and says in the end whether every session has come to its end and every message has arrived once.

pub mod exchange;
pub mod place;
pub mod plan;
pub mod process;
pub mod proxy;
pub mod relay;
pub mod run;
pub mod scale;
pub mod scenario;
pub mod server;
mod services;
mod sessions;
mod world;
