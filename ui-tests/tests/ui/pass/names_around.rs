#![deny(warnings)]
#![forbid(unsafe_code)]
#![allow(dead_code)]

//! What a method of a role names is found, whatever is called the same around the protocol.

use telltale_vm::choreography;

mod core {}
mod purchase_types {}
#[derive(Clone)]
struct HandlerResult;
struct Answer;
struct Offer;
struct Role;
struct Price;
enum Message {
    Price,
}

choreography! {
    /// Labels are called like the types that they carry, or like what is generated.
    pub protocol Purchase(Customer, Shop, Warehouse) {
        Customer -> Shop, Warehouse: Ask(u8);
        Shop -> Customer: Price(Price);
        Shop -> Customer: Offer { purchase: Message };
        choice Answer at Customer {
            Customer -> Shop, Warehouse: Purchase(self::HandlerResult);
        } or {
            Customer -> Shop, Warehouse: Leave;
        }
    }
}

struct Ann;

impl purchase::Customer for Ann {
    fn ask(&mut self) -> ::telltale_vm::HandlerResult<u8> {
        Ok(1)
    }
    fn on_price(&mut self, _: Price) -> ::telltale_vm::HandlerResult<()> {
        Ok(())
    }
    fn on_offer(&mut self, _: Message) -> ::telltale_vm::HandlerResult<()> {
        Ok(())
    }
    fn answer(&mut self) -> ::telltale_vm::HandlerResult<purchase::Answer> {
        Ok(purchase::Answer::Leave)
    }
}

fn main() {
    assert_eq!(purchase::Role::Customer, purchase::Role::Customer);
}
