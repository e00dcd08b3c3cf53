use telltale_vm::choreography;

choreography! {
    protocol Market(Buyer, Seller, Bank, Clerk) {
        choice Deal at Buyer {
            Buyer -> Seller: Buy(u64);
            Bank -> Seller: Credit(u64);
            Seller -> Clerk: Ship;
        } or {
            Buyer -> Seller: Leave;
            Bank -> Seller: Nothing;
        }
    }
}

fn main() {}
