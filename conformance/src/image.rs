//! From the text of a choreography to images, at run time.

use telltale_syntax::{analyse_str, project_all};
use telltale_theory::{Options, project_all_with};
use telltale_types::GlobalType;
use telltale_vm::loader::CodeImage;

use crate::corpus::{entries, entries_of_lanes};
use crate::grammar::choreography;

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

/// The image of a protocol, if it projects.
pub fn image_of(global: &GlobalType, options: &Options) -> Option<CodeImage> {
    let locals = project_all_with(global, options).ok()?;
    Some(CodeImage::from_local_types(&locals.into_iter().collect(), global))
}

/// The accepted protocols of the corpus, and so many random ones, whose seeds begin there; each with its name or its seed.
pub fn protocols(first_seed: u64, random: usize) -> impl Iterator<Item = (String, CodeImage)> {
    let corpus = entries().into_iter().chain(entries_of_lanes());
    let corpus = corpus.map(|entry| (entry.name, entry.text));
    let texts = (first_seed..).map(|seed| (format!("seed {seed}"), choreography(seed)));
    let accepted = |(name, text): (String, String)| {
        let images = images(&text).into_iter();
        images.filter_map(move |(_, image)| Some((name.clone(), image?))).collect::<Vec<_>>()
    };
    corpus.flat_map(accepted).chain(texts.flat_map(accepted).take(random))
}

/// Whether some role does several things at once.
pub fn has_lanes(image: &CodeImage) -> bool {
    image.names().roles().any(|(role, _)| image.lane_count(role) > 0)
}
