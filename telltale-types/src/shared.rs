//! Data that never changes: in the binary, or counted.

use std::ops::Deref;
use std::sync::Arc;

/// Immutable data that a `static` can hold and that is cheap to clone.
///
/// What the macro makes lies in the binary, what is made at run time is counted; readers do not
/// see the difference.
#[derive(Debug)]
pub enum Shared<T: ?Sized + 'static> {
    /// In the binary.
    Static(&'static T),
    /// Made at run time.
    Counted(Arc<T>),
}

impl<T: ?Sized> Clone for Shared<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Static(data) => Self::Static(data),
            Self::Counted(data) => Self::Counted(Arc::clone(data)),
        }
    }
}

impl<T: ?Sized> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Static(data) => data,
            Self::Counted(data) => data,
        }
    }
}

impl<T: ?Sized + PartialEq> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(&raw const **self, &raw const **other) || **self == **other
    }
}

impl<T: ?Sized + Eq> Eq for Shared<T> {}

impl<T> From<T> for Shared<T> {
    fn from(data: T) -> Self {
        Self::Counted(Arc::new(data))
    }
}

impl<T> From<Vec<T>> for Shared<[T]> {
    fn from(data: Vec<T>) -> Self {
        Self::Counted(data.into())
    }
}

impl From<String> for Shared<str> {
    fn from(data: String) -> Self {
        Self::Counted(data.into())
    }
}
