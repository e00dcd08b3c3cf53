//! Recordings: what is written down, and that it is played again.

mod support;

mod recording {
    mod damaged;
    mod diverging;
    mod handlers;
    mod outside;
    mod purchase;
    mod repeated;
    mod written;
}
