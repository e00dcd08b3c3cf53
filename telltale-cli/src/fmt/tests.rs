//! Formatting, piece by piece.
