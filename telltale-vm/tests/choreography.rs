//! Protocols written with `choreography!`, played by role objects.

mod choreography {
    mod endings;
    mod forms;
    mod hygiene;
    mod two_buyer;
}
