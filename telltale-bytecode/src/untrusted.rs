//! Images that come from outside.
//!
//! What stands in a file is taken for what it is: numbers and texts. Only validating makes an image of it.

#[cfg(feature = "serde")]
mod binary;
#[cfg(feature = "validate")]
mod compare;
mod error;
mod limits;
#[cfg(feature = "serde")]
mod serial;
#[cfg(feature = "serde")]
mod text;
#[cfg(feature = "validate")]
mod validate;

use telltale_types::{GlobalState, Label, LabelId, LabelView, LocalState, RoleId};

pub use self::error::ImageError;
pub use self::limits::Limits;
use crate::disasm::Operands;
use crate::{Branch, CodeImage, ContentHash, EffectId, ImportId, Pc, SetId, TargetsId};

/// An image from a file, from the network, from anybody: nothing in it is known to be right.
///
/// It is written and read with serde, as JSON for people, or by [`UntrustedImage::to_bytes`] and
/// [`UntrustedImage::from_bytes`] in a compact form. [`UntrustedImage::validate`] makes a [`CodeImage`] of it.
///
/// ```
/// use telltale_bytecode::{CodeImage, UntrustedImage};
/// use telltale_types::{GlobalTerm, Label};
///
/// let global = GlobalTerm::send("Alice", "Bob", Label::new("Ping"), GlobalTerm::end()).close()?;
/// let locals = telltale_theory::project_all(&global)?.into_iter().collect();
/// let image = CodeImage::from_local_types(&locals, &global);
///
/// let file = serde_json::to_string(&image)?;
/// let read: UntrustedImage = serde_json::from_str(&file)?;
/// assert_eq!(read.validate()?, image);
///
/// let altered: UntrustedImage = serde_json::from_str(&file.replace("send Bob!Ping", "recv Bob?Ping"))?;
/// assert!(altered.validate().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UntrustedImage {
    /// What the content is said to be; nothing if nobody says it.
    pub(crate) hash: Option<ContentHash>,
    pub(crate) payload_version: u32,
    pub(crate) labels: Vec<Label>,
    pub(crate) global_type: Vec<GlobalState>,
    pub(crate) roles: Vec<Role>,
    pub(crate) sets: Vec<Vec<Branch>>,
    pub(crate) targets: Vec<u32>,
    pub(crate) effects: Vec<String>,
    pub(crate) imports: Vec<(String, ContentHash)>,
}

/// A role, and what is said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) local_type: Vec<LocalState>,
    /// Instructions, as words.
    pub(crate) program: Vec<u64>,
}

impl From<&CodeImage> for UntrustedImage {
    fn from(image: &CodeImage) -> Self {
        let (names, global) = (image.names(), &image.global_type);
        let role = |(role, name): (RoleId, &str)| {
            let local = &image.local_types[role];
            Role {
                name: name.to_owned(),
                local_type: local.states().map(|state| local.state(state)).collect(),
                program: image.programs[role].iter().map(|instr| instr.to_word()).collect(),
            }
        };
        let extras = image.extras.as_ref();
        Self {
            hash: Some(image.hash()),
            payload_version: image.payload_version(),
            labels: names.labels().map(|(_, label)| label.to_label()).collect(),
            global_type: global.states().map(|state| global.state(state)).collect(),
            roles: names.roles().map(role).collect(),
            sets: (0..image.set_count()).map(|set| image.branches(SetId(set)).to_vec()).collect(),
            targets: image.targets().to_vec(),
            effects: extras.map_or_else(Vec::new, |extras| extras.effects.clone()),
            imports: extras.map_or_else(Vec::new, |extras| extras.imports.clone()),
        }
    }
}

impl UntrustedImage {
    /// What the content is said to be; nothing where nobody has said it, as in a file that was written by hand. Validating
    /// compares it with what the content is.
    pub fn hash(&self) -> Option<ContentHash> {
        self.hash
    }

    /// Leaves open what the content is: any image that is right validates, whatever it was said to be.
    #[must_use]
    pub fn without_hash(self) -> Self {
        Self { hash: None, ..self }
    }
}

impl Operands for UntrustedImage {
    fn role(&self, role: RoleId) -> Option<&str> {
        self.roles.get(role.index()).map(|role| &*role.name)
    }

    fn label(&self, label: LabelId) -> Option<LabelView<'_>> {
        self.labels.get(label.index()).map(Label::as_view)
    }

    fn branches(&self, set: SetId) -> Option<&[Branch]> {
        self.sets.get(usize::from(set.0)).map(Vec::as_slice)
    }

    fn target(&self, targets: TargetsId, nth: usize) -> Option<Pc> {
        self.targets.get((targets.0 as usize).checked_add(nth)?).copied().map(Pc)
    }

    fn effect(&self, effect: EffectId) -> Option<&str> {
        self.effects.get(usize::from(effect.0)).map(String::as_str)
    }

    fn import(&self, import: ImportId) -> Option<(&str, ContentHash)> {
        let (name, hash) = self.imports.get(usize::from(import.0))?;
        Some((name, *hash))
    }
}
