//! Protocols written with `choreography!`, played by role objects.

mod choreography {
    mod alike;
    mod at_once;
    mod endings;
    mod forms;
    mod given_once;
    mod hygiene;
    mod play;
    mod prints;
    mod two_buyer;
}
