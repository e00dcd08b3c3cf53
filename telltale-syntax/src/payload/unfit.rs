//! Which Rust types cannot be carried by a message.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    AngleBracketedGenericArguments, GenericArgument, GenericParam, Lifetime, Path, PathArguments,
    ReturnType, Type, TypeParamBound,
};

use crate::mistake::Unfit;
use crate::span::SpanRange;

/// The first part of a type that makes it unfit to be a payload, and where that part stands.
pub(crate) fn find_unfit(ty: &Type) -> Option<(Unfit, SpanRange)> {
    let all = SpanRange::of_tokens(ty.to_token_stream(), proc_macro2::Span::call_site().into());
    find_word(ty.to_token_stream())
        .or_else(|| unsized_or_never(ty).map(|unfit| (unfit, all)))
        .or_else(|| {
            let mut borrows = Borrows::default();
            borrows.visit(ty);
            borrows.found.map(|span| (Unfit::Borrowed, span))
        })
}

fn find_word(tokens: TokenStream) -> Option<(Unfit, SpanRange)> {
    let mut after_apostrophe = false;
    tokens.into_iter().find_map(|tree| {
        let is_lifetime = std::mem::take(&mut after_apostrophe);
        let unfit = match &tree {
            TokenTree::Group(group) => return find_word(group.stream()),
            TokenTree::Ident(_) if is_lifetime => return None,
            TokenTree::Ident(word) if word == "Self" => Unfit::SelfType,
            TokenTree::Ident(word) if word == "impl" => Unfit::Opaque,
            TokenTree::Ident(word) if word == "_" => Unfit::Inferred,
            TokenTree::Punct(punct) => {
                after_apostrophe = punct.as_char() == '\'';
                return None;
            }
            _ => return None,
        };
        Some((unfit, SpanRange::from(&tree)))
    })
}

fn unsized_or_never(ty: &Type) -> Option<Unfit> {
    match ty {
        Type::Group(group) => unsized_or_never(&group.elem),
        Type::Paren(paren) => unsized_or_never(&paren.elem),
        Type::Never(_) => Some(Unfit::Never),
        Type::Slice(_) | Type::TraitObject(_) => Some(Unfit::Unsized),
        Type::Path(path) if path.qself.is_none() && path.path.is_ident("str") => {
            Some(Unfit::Unsized)
        }
        _ => None,
    }
}

/// Looks for references and lifetimes that would borrow from the sender.
///
/// The arguments of a function are borrowed when it is called, which is no concern of the message.
#[derive(Default)]
struct Borrows {
    found: Option<SpanRange>,
    /// How many functions are around.
    functions: usize,
    /// The lifetimes that a `for<…>` around declares.
    bound: Vec<String>,
}

impl Borrows {
    fn visit(&mut self, ty: &Type) {
        match ty {
            Type::Array(array) => self.visit(&array.elem),
            Type::Slice(slice) => self.visit(&slice.elem),
            Type::Group(group) => self.visit(&group.elem),
            Type::Paren(paren) => self.visit(&paren.elem),
            Type::Ptr(pointer) => self.visit(&pointer.elem),
            Type::Tuple(tuple) => tuple.elems.iter().for_each(|ty| self.visit(ty)),
            Type::TraitObject(object) => self.bounds(object.bounds.iter()),
            Type::Path(path) => {
                if let Some(qself) = &path.qself {
                    self.visit(&qself.ty);
                }
                self.path(&path.path);
            }
            Type::Reference(reference) => {
                match &reference.lifetime {
                    Some(lifetime) => self.lifetime(lifetime),
                    None if self.functions == 0 => self.find(reference.and_token.spans[0].into()),
                    None => {}
                }
                self.visit(&reference.elem);
            }
            Type::FnPtr(pointer) => self.binding(pointer.lifetimes.as_ref(), |this| {
                this.function(pointer.inputs.iter().map(|input| &input.ty), &pointer.output);
            }),
            _ => {}
        }
    }

    fn bounds<'a>(&mut self, bounds: impl Iterator<Item = &'a TypeParamBound>) {
        for bound in bounds {
            match bound {
                TypeParamBound::Trait(bound) => {
                    self.binding(bound.lifetimes.as_ref(), |this| this.path(&bound.path));
                }
                TypeParamBound::Lifetime(lifetime) => self.lifetime(lifetime),
                _ => {}
            }
        }
    }

    fn path(&mut self, path: &Path) {
        for segment in &path.segments {
            match &segment.arguments {
                PathArguments::None => {}
                PathArguments::AngleBracketed(arguments) => self.arguments(arguments),
                PathArguments::Parenthesized(call) => {
                    self.function(call.inputs.iter().map(|input| &input.ty), &call.output);
                }
            }
        }
    }

    fn arguments(&mut self, arguments: &AngleBracketedGenericArguments) {
        for argument in &arguments.args {
            match argument {
                GenericArgument::Lifetime(lifetime) => self.lifetime(lifetime),
                GenericArgument::Type(ty) => self.visit(ty),
                GenericArgument::AssocType(assoc) => self.visit(&assoc.ty),
                GenericArgument::Constraint(constraint) => self.bounds(constraint.bounds.iter()),
                _ => {}
            }
        }
    }

    fn function<'a>(&mut self, inputs: impl Iterator<Item = &'a Type>, output: &ReturnType) {
        self.functions += 1;
        inputs.for_each(|input| self.visit(input));
        if let ReturnType::Type(_, ty) = output {
            self.visit(ty);
        }
        self.functions -= 1;
    }

    fn binding(&mut self, lifetimes: Option<&syn::BoundLifetimes>, inside: impl FnOnce(&mut Self)) {
        let outer = self.bound.len();
        let parameters = lifetimes.iter().flat_map(|bound| &bound.lifetimes);
        self.bound.extend(parameters.filter_map(|parameter| match parameter {
            GenericParam::Lifetime(parameter) => Some(parameter.lifetime.ident.to_string()),
            _ => None,
        }));
        inside(self);
        self.bound.truncate(outer);
    }

    fn lifetime(&mut self, lifetime: &Lifetime) {
        let name = lifetime.ident.to_string();
        let known = match name.as_str() {
            "static" => true,
            "_" => self.functions > 0,
            _ => self.bound.contains(&name),
        };
        if !known {
            self.find(SpanRange::from(lifetime.apostrophe).to(&lifetime.ident));
        }
    }

    fn find(&mut self, span: SpanRange) {
        self.found.get_or_insert(span);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unfit(text: &str) -> Option<Unfit> {
        find_unfit(&syn::parse_str(text).expect("the text is a type")).map(|(unfit, _)| unfit)
    }

    #[test]
    fn owned_types_are_fit() {
        for text in [
            "u8",
            "&'static str",
            "Cow<'static, str>",
            "fn(&str) -> &str",
            "for<'a> fn(&'a str) -> Cow<'a, str>",
            "Box<dyn Fn(&u8, Cow<'_, str>) -> u8 + Send + 'static>",
            "Box<dyn for<'a> Visitor<'a>>",
            "Box<str>",
            "Box<[u8]>",
            "[Vec<u8>; 4]",
        ] {
            assert_eq!(unfit(text), None, "{text}");
        }
    }

    #[test]
    fn the_others_are_not() {
        for (text, expected) in [
            ("_", Unfit::Inferred),
            ("Vec<_>", Unfit::Inferred),
            ("impl Fn()", Unfit::Opaque),
            ("Vec<Self>", Unfit::SelfType),
            ("&str", Unfit::Borrowed),
            ("&'a str", Unfit::Borrowed),
            ("Cow<'_, str>", Unfit::Borrowed),
            ("Box<dyn Visitor<'a>>", Unfit::Borrowed),
            ("Option<(u8, &u8)>", Unfit::Borrowed),
            ("str", Unfit::Unsized),
            ("[u8]", Unfit::Unsized),
            ("dyn Fn()", Unfit::Unsized),
            ("!", Unfit::Never),
        ] {
            assert_eq!(unfit(text), Some(expected), "{text}");
        }
    }
}
