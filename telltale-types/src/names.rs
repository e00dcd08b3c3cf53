//! The words of one protocol: its roles and its labels.

use std::sync::{Arc, OnceLock};

use crate::{Label, LabelId, LabelView, RoleId, TypeError};

/// The roles and labels of one protocol, in the order of their ids.
///
/// One text holds all of them, so that a table of names in the binary is a string and a list of
/// places: first the roles, then name and payload type of each label.
#[derive(Clone, Debug)]
pub struct Names {
    table: Table,
    roles: u8,
    /// The words, from when one of them was asked for first. (A `Box` around them keeps statics small.)
    words: OnceLock<Box<Box<[Box<str>]>>>,
}

/// A text, and where the words in it end, in as many bytes each as the length of the text needs.
#[derive(Clone, Debug)]
enum Table {
    /// In the binary.
    Static(&'static str, &'static [u8]),
    /// Made at run time.
    Counted(Arc<(String, Vec<u8>)>),
}

impl Table {
    fn text(&self) -> &str {
        match self {
            Self::Static(text, _) => text,
            Self::Counted(table) => &table.0,
        }
    }

    fn ends(&self) -> &[u8] {
        match self {
            Self::Static(_, ends) => ends,
            Self::Counted(table) => &table.1,
        }
    }
}

impl Names {
    /// A table of names.
    ///
    /// # Errors
    ///
    /// When a role or a label stands in it twice, or there are more than
    /// [`RoleId::LIMIT`] roles or [`LabelId::LIMIT`] labels, or all of them take more than 4 GiB.
    pub fn new<R: AsRef<str>>(
        roles: impl IntoIterator<Item = R>,
        labels: impl IntoIterator<Item = Label>,
    ) -> Result<Self, TypeError> {
        let roles: Vec<R> = roles.into_iter().collect();
        let labels: Vec<Label> = labels.into_iter().collect();
        let role_count = check_roles(&roles)?;
        check_labels(&labels)?;

        let label_words = labels.iter().flat_map(|label| [&*label.name, label.payload.as_str()]);
        let words: Vec<&str> = roles.iter().map(AsRef::as_ref).chain(label_words).collect();
        let text = words.concat();
        // Places are written down in four bytes at most.
        if text.len() > u32::MAX as usize {
            return Err(TypeError::NamesTooLong { given: text.len(), limit: u32::MAX as usize });
        }
        let width = width_for(&text);
        let mut ends = Vec::new();
        let mut end = 0;
        for word in words {
            end += word.len();
            ends.extend(&end.to_le_bytes()[..width]);
        }
        let table = Table::Counted(Arc::new((text, ends)));
        Ok(Self { table, roles: role_count, words: OnceLock::new() })
    }

    /// The table that [`Names::parts`] was taken from.
    #[doc(hidden)]
    pub const fn from_static(roles: u8, text: &'static str, ends: &'static [u8]) -> Self {
        Self { table: Table::Static(text, ends), roles, words: OnceLock::new() }
    }

    /// The number of roles, the text and the places where its words end.
    #[doc(hidden)]
    pub fn parts(&self) -> (u8, &str, &[u8]) {
        (self.roles, self.table.text(), self.table.ends())
    }

    /// How many roles there are.
    pub fn role_count(&self) -> usize {
        self.roles.into()
    }

    /// How many labels there are.
    pub fn label_count(&self) -> usize {
        let (_, text, ends) = self.parts();
        (ends.len() / width_for(text) - self.role_count()) / 2
    }

    /// The name of a role.
    ///
    /// # Panics
    ///
    /// When the role is of another protocol and out of range.
    #[inline]
    pub fn role(&self, role: RoleId) -> &str {
        assert!(role.0 < self.roles, "role {role} of a protocol with {} roles", self.roles);
        self.word(role.index())
    }

    /// The name and the payload type of a label.
    ///
    /// # Panics
    ///
    /// When the label is of another protocol and out of range.
    #[inline]
    pub fn label(&self, label: LabelId) -> LabelView<'_> {
        let at = self.role_count() + 2 * label.index();
        LabelView { name: self.word(at), payload: self.word(at + 1) }
    }

    /// All roles, in the order of their ids.
    pub fn roles(&self) -> impl ExactSizeIterator<Item = (RoleId, &str)> + Clone {
        (0..self.role_count()).map(|at| (RoleId::at(at), self.word(at)))
    }

    /// All labels, in the order of their ids.
    pub fn labels(&self) -> impl ExactSizeIterator<Item = (LabelId, LabelView<'_>)> + Clone {
        (0..self.label_count()).map(|at| (LabelId::at(at), self.label(LabelId::at(at))))
    }

    /// The role with this name.
    pub fn find_role(&self, name: &str) -> Option<RoleId> {
        self.roles().find(|(_, known)| *known == name).map(|(role, _)| role)
    }

    /// The first label with this name.
    pub fn find_label(&self, name: &str) -> Option<LabelId> {
        self.labels().find(|(_, known)| known.name == name).map(|(label, _)| label)
    }

    /// How many bytes the table takes beside its own struct.
    pub fn heap_size(&self) -> usize {
        let (_, text, ends) = self.parts();
        text.len() + ends.len()
    }

    #[inline]
    fn word(&self, at: usize) -> &str {
        &self.words.get_or_init(|| Box::new(self.split()))[at]
    }

    /// The words one by one: whoever asks for a name asks again.
    #[cold]
    fn split(&self) -> Box<[Box<str>]> {
        let (_, text, ends) = self.parts();
        let end =
            |bytes: &[u8]| bytes.iter().rev().fold(0, |end, &byte| end << 8 | usize::from(byte));
        let ends = ends.chunks_exact(width_for(text)).map(end);
        let starts = std::iter::once(0).chain(ends.clone());
        starts.zip(ends).map(|(start, end)| text[start..end].into()).collect()
    }
}

impl PartialEq for Names {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for Names {}

/// How many bytes a place in a text needs.
fn width_for(text: &str) -> usize {
    match text.len() {
        0..=0xff => 1,
        0x100..=0xffff => 2,
        _ => 4,
    }
}

/// How many roles there are, all different.
fn check_roles<R: AsRef<str>>(roles: &[R]) -> Result<u8, TypeError> {
    let too_many = |_| TypeError::TooManyRoles { given: roles.len(), limit: RoleId::LIMIT };
    let count = u8::try_from(roles.len()).map_err(too_many)?;
    let mut seen = std::collections::BTreeSet::new();
    match roles.iter().map(AsRef::as_ref).find(|role| !seen.insert(*role)) {
        Some(twice) => Err(TypeError::DuplicateRole { role: twice.to_owned() }),
        None => Ok(count),
    }
}

fn check_labels(labels: &[Label]) -> Result<(), TypeError> {
    if labels.len() > LabelId::LIMIT {
        return Err(TypeError::TooManyLabels { given: labels.len(), limit: LabelId::LIMIT });
    }
    let mut seen = std::collections::BTreeSet::new();
    match labels.iter().find(|label| !seen.insert(*label)) {
        Some(twice) => Err(TypeError::DuplicateLabel { label: twice.clone() }),
        None => Ok(()),
    }
}
