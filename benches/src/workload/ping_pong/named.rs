//! Ping-pong by hand with a handler that is told names.

use super::hosts::Host;
use crate::workload::Failure;

/// Plays all roles of all sessions of any protocol whose payloads are numbers: it is told who acts, with whom, and
/// which message it is.
pub trait NamedHandler {
    fn send(&self, role: &str, to: &str, label: &str) -> Result<u64, Failure>;
    fn receive(&self, role: &str, from: &str, label: &str, number: u64) -> Result<(), Failure>;
}

impl Host<u64> for &dyn NamedHandler {
    fn ping(&mut self) -> Result<u64, Failure> {
        self.send("Alice", "Bob", "Ping")
    }

    fn on_ping(&mut self, ping: u64) -> Result<(), Failure> {
        self.receive("Bob", "Alice", "Ping", ping)
    }

    fn pong(&mut self) -> Result<u64, Failure> {
        self.send("Bob", "Alice", "Pong")
    }

    fn on_pong(&mut self, pong: u64) -> Result<(), Failure> {
        self.receive("Alice", "Bob", "Pong", pong)
    }
}
