//! The product code of a crate as tokens: neither comments nor what is built for tests only.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// A file of a crate.
pub(super) struct SourceFile {
    /// Its path below `src`, as in `index/run.rs`.
    pub(super) name: String,
    /// The module that it holds, as in `["index", "run"]`.
    pub(super) module: Vec<String>,
    /// Its code.
    pub(super) tokens: TokenStream,
}

impl SourceFile {
    /// Reads the text of a file.
    pub(super) fn parse(name: &str, text: &str) -> Result<Self> {
        let tokens = text.parse().map_err(|error| anyhow!("cannot parse {name}: {error}"))?;
        let stem = name.strip_suffix(".rs").unwrap_or(name);
        let is_root = stem == "lib" || stem == "main";
        let module = if is_root { "" } else { stem };
        let module = module.split('/').filter(|part| !part.is_empty()).map(str::to_owned);
        Ok(Self { name: name.to_owned(), module: module.collect(), tokens: without_tests(tokens) })
    }

    /// The number of lines with code on them.
    pub(super) fn line_count(&self) -> usize {
        let mut lines = BTreeSet::new();
        add_lines(self.tokens.clone(), &mut lines);
        lines.len()
    }

    /// The modules that it declares to be in files of their own.
    fn declared_modules(&self) -> Vec<String> {
        let tokens: Vec<TokenTree> = self.tokens.clone().into_iter().collect();
        let declared = tokens.windows(3).filter_map(|three| match three {
            [keyword, TokenTree::Ident(name), end] if is_ident(keyword, "mod") => {
                is_punct(end, ';').then(|| name.to_string())
            }
            _ => None,
        });
        declared.collect()
    }
}

/// The files that the modules of the crate in `folder` are in, from its root on.
pub(super) fn product_files(folder: &Path) -> Result<Vec<SourceFile>> {
    let source = folder.join("src");
    let roots = ["lib.rs", "main.rs"].map(str::to_owned).into_iter();
    let mut names: Vec<String> = roots.filter(|name| source.join(name).is_file()).collect();
    let mut files = Vec::new();
    while let Some(name) = names.pop() {
        let path = source.join(&name);
        let text = std::fs::read_to_string(&path);
        let text = text.with_context(|| format!("cannot read {}", path.display()))?;
        let file = SourceFile::parse(&name, &text)?;
        for declared in file.declared_modules() {
            let parts = file.module.iter().chain([&declared]);
            let name = format!("{}.rs", parts.map(String::as_str).collect::<Vec<_>>().join("/"));
            if !super::sources::is_test(&format!("src/{name}")) && declared != "suite" {
                names.push(name);
            }
        }
        files.push(file);
    }
    files.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(files)
}

pub(super) fn is_ident(token: &TokenTree, text: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == text)
}

pub(super) fn is_punct(token: &TokenTree, text: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == text)
}

fn as_group(token: &TokenTree) -> Option<&Group> {
    if let TokenTree::Group(group) = token { Some(group) } else { None }
}

fn is_group(token: &TokenTree, delimiter: Delimiter) -> bool {
    as_group(token).is_some_and(|group| group.delimiter() == delimiter)
}

fn add_lines(tokens: TokenStream, lines: &mut BTreeSet<usize>) {
    for token in tokens {
        if let TokenTree::Group(group) = &token {
            lines.insert(group.span_open().start().line);
            lines.insert(group.span_close().end().line);
            add_lines(group.stream(), lines);
        } else {
            lines.extend(token.span().start().line..=token.span().end().line);
        }
    }
}

/// Leaves out comments that document, and what `#[cfg(test)]` stands before.
fn without_tests(tokens: TokenStream) -> TokenStream {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut kept = Vec::new();
    let mut index = 0;
    while let Some(token) = tokens.get(index) {
        let attribute = attribute_at(&tokens, index);
        if let Some((group, end)) = attribute {
            if is_for_tests(group) {
                index = end_of_item(&tokens, end);
                continue;
            }
            if is_doc(group) {
                index = end;
                continue;
            }
        }
        let group = as_group(token).map(|group| {
            let mut inner = Group::new(group.delimiter(), without_tests(group.stream()));
            inner.set_span(group.span());
            TokenTree::Group(inner)
        });
        kept.push(group.unwrap_or_else(|| token.clone()));
        index += 1;
    }
    kept.into_iter().collect()
}

/// The brackets of the attribute that begins at `index`, and where it ends.
fn attribute_at(tokens: &[TokenTree], index: usize) -> Option<(&Group, usize)> {
    if !is_punct(tokens.get(index)?, '#') {
        return None;
    }
    let is_inner = tokens.get(index + 1).is_some_and(|token| is_punct(token, '!'));
    let brackets = index + 1 + usize::from(is_inner);
    let group = as_group(tokens.get(brackets)?)?;
    (group.delimiter() == Delimiter::Bracket).then_some((group, brackets + 1))
}

fn is_doc(attribute: &Group) -> bool {
    let mut tokens = attribute.stream().into_iter();
    tokens.next().is_some_and(|token| is_ident(&token, "doc"))
        && tokens.next().is_some_and(|token| is_punct(&token, '='))
}

fn is_for_tests(attribute: &Group) -> bool {
    let text: String = attribute.stream().to_string().split_whitespace().collect();
    text == "cfg(test)" || text.starts_with("cfg(all(test,") || text == "test"
}

/// Where the item ends that begins at `index`, attributes included.
fn end_of_item(tokens: &[TokenTree], mut index: usize) -> usize {
    while let Some((_, end)) = attribute_at(tokens, index) {
        index = end;
    }
    let until_semicolon = ends_with_semicolon(&tokens[index.min(tokens.len())..]);
    while let Some(token) = tokens.get(index) {
        index += 1;
        let is_body = !until_semicolon && is_group(token, Delimiter::Brace);
        if is_body || is_punct(token, ';') {
            break;
        }
    }
    index
}

/// Whether braces may stand before the end of an item, which is a semicolon.
fn ends_with_semicolon(item: &[TokenTree]) -> bool {
    let mut tokens = item.iter().peekable();
    if tokens.next_if(|token| is_ident(token, "pub")).is_some() {
        tokens.next_if(|token| is_group(token, Delimiter::Parenthesis));
    }
    let starts = ["use", "static", "type", "let"];
    match tokens.next() {
        Some(token) if is_ident(token, "const") => {
            let functions = ["fn", "async", "unsafe", "extern"];
            !tokens.next().is_some_and(|next| functions.iter().any(|word| is_ident(next, word)))
        }
        Some(token) => starts.iter().any(|word| is_ident(token, word)),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_count_leaves_out_comments_blanks_and_tests() {
        let text = "
            //! What it is.

            use a::b;

            /// One.
            fn one() {
                // Why.
                two(
                    1,
                );
            }

            #[cfg(test)]
            use c::{d};

            #[cfg(test)]
            #[derive(Debug)]
            struct Three;

            #[cfg(test)]
            mod tests {
                fn four() {}
            }

            const FIVE: [u8; 2] = [
                1, 2
            ];
        ";
        assert_eq!(SourceFile::parse("lib.rs", text).unwrap().line_count(), 1 + 5 + 3);
    }

    #[test]
    fn module_follows_from_the_name_of_the_file() {
        let module = |name| SourceFile::parse(name, "").unwrap().module;
        assert!(module("lib.rs").is_empty());
        assert_eq!(module("index/run.rs"), ["index", "run"]);
    }

    #[test]
    fn product_files_leave_out_modules_of_tests() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join("src").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("lib.rs", "mod a;\n#[cfg(test)]\nmod double;\n");
        write("a.rs", "mod b;\n#[cfg(test)]\nmod tests;\n");
        write("a/b.rs", "");
        write("a/tests.rs", "");
        write("double.rs", "");
        let files = product_files(folder.path()).unwrap();
        let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["a.rs", "a/b.rs", "lib.rs"]);
    }
}
