//! Takes a program; gives what an editor that runs `rust-analyzer` says of it and does with it.
//!
//! [`Editor`] is such an editor, with one file. Places in the file are written as text with a word in marks,
//! `Customer -> Shop: «Ask»`, and the editor's answers are written the same way. Nothing waits for ever.

mod connection;
mod package;
mod place;

use std::path::Path;

use serde_json::{Value, json};

use connection::Connection;
pub use package::Package;

/// An editor with one file open.
#[derive(Debug)]
pub struct Editor {
    connection: Connection,
    address: String,
    text: String,
    version: u32,
}

impl Editor {
    /// Opens the file of a package, once the server has read all that the package is made of.
    ///
    /// # Panics
    ///
    /// When the server cannot be started or is not ready in time.
    pub fn open(package: &Package) -> Self {
        let mut connection = Connection::start(package);
        let address = address(package.file());
        let text = package.text();
        let item = json!({ "uri": address, "languageId": "rust", "version": 0, "text": text });
        connection.notify("textDocument/didOpen", &json!({ "textDocument": item }));
        connection.wait_until_ready();
        Self { connection, address, text, version: 0 }
    }

    /// What is in the editor.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Types another text.
    pub fn write(&mut self, text: &str) {
        text.clone_into(&mut self.text);
        self.version += 1;
        let document = json!({ "uri": self.address, "version": self.version });
        let changes = json!([{ "text": text }]);
        let change = json!({ "textDocument": document, "contentChanges": changes });
        self.connection.notify("textDocument/didChange", &change);
    }

    /// What is shown for the word under the cursor; nothing if there is nothing to say.
    pub fn hover(&mut self, place: &str) -> String {
        let answer = self.ask("textDocument/hover", place, json!({})).unwrap_or_default();
        answer["contents"]["value"].as_str().unwrap_or_default().to_owned()
    }

    /// Where the editor goes from a word to what it means.
    pub fn definition(&mut self, place: &str) -> Vec<String> {
        self.places("textDocument/definition", place, json!({}))
    }

    /// Where the editor goes from a method of an `impl` to that of the trait.
    pub fn declaration(&mut self, place: &str) -> Vec<String> {
        self.places("textDocument/declaration", place, json!({}))
    }

    /// Where else a word means the same, in the order of the file.
    pub fn references(&mut self, place: &str) -> Vec<String> {
        let context = json!({ "context": { "includeDeclaration": true } });
        self.places("textDocument/references", place, context)
    }

    /// The text with another name for what a word means.
    ///
    /// # Errors
    ///
    /// What the server says when it refuses.
    pub fn rename(&mut self, place: &str, name: &str) -> Result<String, String> {
        let edit = self.ask("textDocument/rename", place, json!({ "newName": name }))?;
        Ok(self.edited(&edit))
    }

    /// The text with all that is missing in the `impl` of a trait.
    ///
    /// # Panics
    ///
    /// When the server does not offer that.
    pub fn implement_missing_members(&mut self, place: &str) -> String {
        let position = place::position(&self.text, place);
        let document = json!({ "uri": self.address });
        let range = json!({ "start": position, "end": position });
        let context = json!({ "diagnostics": [] });
        let question = json!({ "textDocument": document, "range": range, "context": context });
        let actions = self.connection.ask("textDocument/codeAction", &question).unwrap_or_default();
        let mut actions = actions.as_array().into_iter().flatten();
        let is_meant = |action: &&Value| action["title"] == "Implement missing members";
        let action = actions.find(is_meant).expect("members are missing");
        self.edited(&action["edit"])
    }

    fn places(&mut self, method: &str, place: &str, more: Value) -> Vec<String> {
        let answer = self.ask(method, place, more).unwrap_or_default();
        let mut places: Vec<(u64, String)> =
            answer.as_array().into_iter().flatten().map(|location| self.shown(location)).collect();
        places.sort();
        places.into_iter().map(|(_, place)| place).collect()
    }

    /// A line with the place in marks, and its number; for a place in another file, only that it is one.
    fn shown(&self, location: &Value) -> (u64, String) {
        if location["uri"] != self.address.as_str() {
            return (u64::MAX, "another file".to_owned());
        }
        let line = location["range"]["start"]["line"].as_u64().unwrap_or(u64::MAX);
        (line, place::marked(&self.text, &location["range"]))
    }

    fn edited(&self, edit: &Value) -> String {
        let files = edit["documentChanges"].as_array().into_iter().flatten();
        let is_meant = |file: &&Value| file["textDocument"]["uri"] == self.address.as_str();
        let edits = files.filter(is_meant).filter_map(|file| file["edits"].as_array()).flatten();
        place::edited(
            &self.text,
            edits.chain(edit["changes"][&self.address].as_array().into_iter().flatten()),
        )
    }

    /// Asks about a place.
    fn ask(&mut self, method: &str, place: &str, mut question: Value) -> Result<Value, String> {
        question["textDocument"] = json!({ "uri": self.address });
        question["position"] = place::position(&self.text, place);
        self.connection.ask(method, &question)
    }
}

/// Whether there is a server, and the sources of the standard library, which it needs; if not, why not.
///
/// # Errors
///
/// What is missing.
pub fn available(version: &str) -> Result<(), String> {
    connection::available(version)
}

fn address(file: &Path) -> String {
    format!("file://{}", file.display())
}
