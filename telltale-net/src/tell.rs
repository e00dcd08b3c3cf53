//! What is told to `tracing`, with the feature of that name; otherwise it is nothing.

#[cfg(feature = "tracing")]
macro_rules! tell {
    ($level:ident, $($told:tt)*) => { tracing::$level!(target: "telltale", $($told)*) };
}

#[cfg(not(feature = "tracing"))]
macro_rules! tell {
    ($level:ident, $($told:tt)*) => {
        ()
    };
}
