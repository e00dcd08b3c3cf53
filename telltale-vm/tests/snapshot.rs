//! Machines that are written down and resumed: at every step, with everything that can be in them, and from bytes that
//! nobody should trust.

mod support;

mod snapshot {
    mod endpoints;
    mod objects;
    mod relay;
    mod steps;
    mod stored;
}
