//! Takes nothing; gives what Telltale costs, beside state machines written by hand and beside its peers.
//!
//! A [`workload`] is an exchange of messages, written down in every way that is compared. A [`contender`] is
//! one of these ways, ready to run. A [`section`](sections) lets contenders take turns and prints a table.

pub mod churn;
pub mod contender;
pub mod count;
pub mod crowd;
pub mod durable;
pub mod generated;
pub mod long_run;
pub mod measure;
pub mod off_script;
pub mod ours;
pub mod parts;
pub mod peers;
pub mod sections;
pub mod table;
pub mod tally;
pub mod tasks;
pub mod ways;
pub mod workload;
