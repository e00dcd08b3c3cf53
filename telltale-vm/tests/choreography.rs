//! Protocols written with `choreography!`, played by role objects.

mod choreography {
    mod two_buyer;
}
