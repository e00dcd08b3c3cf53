//! Texts that should be protocols.

use telltale_bytecode::CodeImage;
use telltale_syntax::{Analysis, Diagnostic, Style, analyse_str, project_all, render};

/// A text is refused with errors that can be shown, or each of its protocols becomes an image. It is printed and read again as
/// what it was.
///
/// # Panics
///
/// When it is not so.
pub fn holds(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let analysis = analyse_str(&text);
    let printed = analysis.ast.to_string();
    assert_eq!(analyse_str(&printed).ast.to_string(), printed);
    let refused = compile(&analysis);
    let shown = render(&refused, "text", &text, Style::Plain);
    assert_eq!(shown.is_empty(), refused.is_empty());
}

/// What is wrong with the protocols. Those with which nothing is wrong become images.
pub(crate) fn compile(analysis: &Analysis) -> Vec<Diagnostic> {
    let mut refused = analysis.diagnostics.clone();
    for (protocol, projected) in analysis.protocols.iter().zip(project_all(analysis)) {
        match projected {
            Ok(projected) => {
                let image = CodeImage::try_from_local_types(&projected.locals, &projected.global);
                if let Ok(image) = image {
                    assert!(!image.to_string().is_empty(), "{}", protocol.name);
                }
            }
            Err(diagnostics) => refused.extend(diagnostics),
        }
    }
    for diagnostic in &refused {
        assert!(!diagnostic.to_string().is_empty());
        assert!(!diagnostic.to_compile_error().is_empty());
    }
    refused
}
