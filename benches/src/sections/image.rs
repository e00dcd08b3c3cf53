//! How large images are.

use telltale_vm::choreography;

use crate::table::{Table, goal, grouped, none};
use crate::ways::Exchange;
use crate::workload::short::{ByObjects, Purchase, Scalar};
use clap::ValueEnum;

/// How many bytes the image of `two_buyer` may take.
const GOAL: f64 = 1_024.0;

/// Stands for the date of the example; an image knows only the name.
mod chrono {
    pub(super) struct NaiveDate;
}

choreography! {
    pub protocol TwoBuyer(Alice, Bob, Seller) {
        Alice -> Seller: Title(String);
        Seller -> Alice, Bob: Quote(u64);
        'haggle: loop {
            Alice -> Bob: Share(u64);
            choice Verdict at Bob {
                Bob -> Seller: Accept { address: String };
                Bob -> Alice: Accepted;
                Seller -> Bob: Delivery(chrono::NaiveDate);
                break;
            } or {
                Bob -> Alice: Counter(u64);
            } or {
                Bob -> Seller: Decline;
                Bob -> Alice: Declined;
                break;
            }
        }
    }
}

pub fn print() {
    println!("image: bytes in the read-only data of a program");
    let mut table = Table::new(["", "bytes", "goal"]);
    let size = two_buyer::IMAGE.size() as f64;
    table.row("two_buyer", [grouped(size), goal(size, GOAL, grouped)]);
    for exchange in Exchange::value_variants() {
        table.row(exchange.name(), [grouped(exchange.image().size() as f64), none()]);
    }
    table.row(Scalar::NAME, [grouped(Scalar::image().size() as f64), none()]);
    table.row(Purchase::NAME, [grouped(Purchase::image().size() as f64), none()]);
    table.print();
}
