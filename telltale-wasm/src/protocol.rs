//! A protocol that can be looked at, drawn and played.

use telltale_bytecode::{CodeImage, CompileError, ImageError, UntrustedImage};
use telltale_diagram::{Page, Sequence, StateGraph};
use telltale_syntax::Projected;
use telltale_syntax::ast;
use thiserror::Error;

use crate::declare;
use crate::judge::{Judged, Wrong};
use crate::methods::Methods;

/// A protocol in which every role can play its part.
#[derive(Debug)]
pub struct Protocol {
    /// What it is called; nothing if it comes from an image, which does not say.
    pub name: Option<String>,
    /// What runs.
    pub image: CodeImage,
    written: Option<Written>,
}

/// What is known of a protocol that was read as a text.
#[derive(Debug)]
struct Written {
    methods: Methods,
    declarations: telltale_syntax::Interface,
    ast: ast::Protocol,
}

/// Why there is no protocol.
#[derive(Debug, Error)]
pub enum Unreadable {
    /// There are mistakes in the text.
    #[error("{}", summary(.0))]
    Wrong(Vec<Wrong>),
    /// There is no protocol of this name.
    #[error("there is no protocol `{name}`; expected {}", list(.known))]
    Unknown {
        /// What somebody asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// It is too large for a machine.
    #[error("it cannot be compiled: {0}")]
    Compile(#[from] CompileError),
    /// The image is none.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The JSON of an image is none.
    #[error("invalid image: {0}")]
    Json(#[from] serde_json::Error),
}

fn summary(wrong: &[Wrong]) -> String {
    match wrong {
        [] => "the protocol has no meaning".to_owned(),
        [only] => first(only),
        [one, more @ ..] => format!("{} (and {} more)", first(one), more.len()),
    }
}

fn first(wrong: &Wrong) -> String {
    format!("line {}, column {}: {}", wrong.place.line, wrong.place.column, wrong.text)
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl Protocol {
    /// Reads a text, in which all protocols have to be right, and gives the one of this name, or the last one: those before are
    /// its parts.
    ///
    /// ```
    /// let text = "protocol Ping(Alice, Bob) { Alice -> Bob: Ping; }";
    /// let ping = telltale_wasm::protocol::Protocol::read(text, None)?;
    /// assert_eq!(ping.name.as_deref(), Some("Ping"));
    /// # Ok::<(), telltale_wasm::protocol::Unreadable>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What is wrong with the text, or that there is no protocol of this name.
    pub fn read(text: &str, name: Option<&str>) -> Result<Self, Unreadable> {
        let Judged { mut analysis, mut projected, errors } = Judged::of(text);
        if !errors.is_empty() {
            return Err(Unreadable::Wrong(errors));
        }
        let names: Vec<String> =
            analysis.protocols.iter().map(|protocol| protocol.name.to_string()).collect();
        let at = match name {
            Some(name) => names.iter().position(|known| known == name).ok_or_else(|| {
                Unreadable::Unknown { name: name.to_owned(), known: names.clone() }
            })?,
            None => names.len().saturating_sub(1),
        };
        let Some(Projected { global, locals }) = projected.get_mut(at).and_then(Option::take)
        else {
            return Err(Unreadable::Wrong(errors));
        };
        let analysed = analysis.protocols.swap_remove(at);
        Ok(Self {
            name: Some(names[at].clone()),
            image: CodeImage::try_from_local_types(&locals, &global)?,
            written: Some(Written {
                methods: Methods::of(&analysed.interface),
                declarations: analysed.interface,
                ast: analysis.ast.protocols.swap_remove(at),
            }),
        })
    }

    /// Reads an image that [`CodeImage::to_bytes`] has written. Its roles can only be played by handlers: an image does not say
    /// what choices are called.
    ///
    /// # Errors
    ///
    /// When it is no image, or one that no compiler has made.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Unreadable> {
        Self::from_image(&UntrustedImage::from_bytes(bytes)?)
    }

    /// The same for an image in JSON.
    ///
    /// # Errors
    ///
    /// As [`Protocol::from_bytes`].
    pub fn from_json(json: &str) -> Result<Self, Unreadable> {
        Self::from_image(&serde_json::from_str(json)?)
    }

    fn from_image(image: &UntrustedImage) -> Result<Self, Unreadable> {
        Ok(Self { name: None, image: image.validate()?, written: None })
    }

    /// What it is called where it has to be called something.
    pub fn title(&self) -> &str {
        self.name.as_deref().unwrap_or("Protocol")
    }

    /// The methods of role objects; nothing for an image.
    pub fn methods(&self) -> Option<&Methods> {
        self.written.as_ref().map(|written| &written.methods)
    }

    /// The roles as TypeScript; nothing for an image.
    pub fn declarations(&self, package: &str) -> Option<String> {
        let written = self.written.as_ref()?;
        Some(declare::module(self.title(), &written.declarations, package))
    }

    /// The names of the roles, in their order.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.image.names().roles().map(|(_, name)| name)
    }

    /// Each instruction of a role, as the disassembly shows it; nothing if there is no such role.
    pub fn program(&self, role: &str) -> Option<Vec<String>> {
        let role = self.image.names().find_role(role)?;
        let program = self.image.programs[role].iter();
        Some(program.map(|instr| self.image.show(*instr).to_string()).collect())
    }

    /// Who sends what to whom: a picture, to stand in a page; nothing for an image.
    pub fn sequence(&self) -> Option<Sequence> {
        self.written.as_ref().map(|written| Sequence::of_protocol(&written.ast))
    }

    /// The states of a role, or of the whole protocol; nothing if there is no such role.
    pub fn states(&self, role: Option<&str>) -> Option<StateGraph> {
        let title = self.title();
        let Some(name) = role else {
            return Some(StateGraph::of_global(title, &self.image.global_type));
        };
        let id = self.image.names().find_role(name)?;
        Some(StateGraph::of_local(&format!("{name} in {title}"), &self.image.local_types[id]))
    }
}

/// The picture of a protocol as it is written, whether or not it is right; nothing if the text cannot be read.
pub fn sequence_of(text: &str, name: Option<&str>) -> Option<String> {
    let analysis = telltale_syntax::analyse_str(text);
    let mut asts = analysis.ast.protocols.iter();
    let ast = match name {
        Some(name) => asts.find(|ast| ast.name.to_string() == name),
        None => asts.next_back(),
    };
    ast.map(|ast| Sequence::of_protocol(ast).svg(Page::Inline))
}
