//! From the text of a choreography to images, at run time.

use telltale_syntax::{analyse_str, project_all};
use telltale_vm::loader::CodeImage;

/// The image of each protocol of a text, with the protocol's name; nothing for one that is refused.
pub fn images(text: &str) -> Vec<(String, Option<CodeImage>)> {
    let analysis = analyse_str(text);
    let protocols = analysis.protocols.iter().zip(project_all(&analysis));
    let image = |(protocol, projected): (&telltale_syntax::Analysed, Result<_, _>)| {
        let image = projected.ok().map(|projected: telltale_syntax::Projected| {
            CodeImage::from_local_types(&projected.locals, &projected.global)
        });
        (protocol.name.to_string(), image)
    };
    protocols.map(image).collect()
}
