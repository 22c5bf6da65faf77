//! Which files of a crate import which, and the circles that this makes.
//!
//! A file imports another if one of its paths (in a `use`, an expression or a type) leads to an
//! item there; a re-export leads on to where the item is. That a parent declares a module is
//! no import; that a child uses an item of its parent is one.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::code::{SourceFile, is_ident, is_punct};

/// Re-exports that are followed one after the other; more are a circle of their own.
const REEXPORTS_MAX: usize = 16;

type Path = Vec<String>;

/// What a module says.
#[derive(Debug, Default)]
struct Module {
    /// The index of the file that it is in.
    file: usize,
    /// Names that `use` makes, with the path that each stands for.
    names: BTreeMap<String, Path>,
    /// Paths of which everything is used.
    globs: Vec<Path>,
    /// Names of its own items.
    items: BTreeSet<String>,
    /// Every path in it that may lead to a file of the crate.
    paths: Vec<Path>,
}

/// The modules of a crate by their path from its root.
type Modules = BTreeMap<Path, Module>;

/// The files of the largest circle: each imports every other one, if perhaps by way of others.
/// Empty when no file imports one that imports it.
pub(super) fn largest_circle(files: &[SourceFile]) -> Vec<String> {
    let edges = edges(files);
    let reached: Vec<BTreeSet<usize>> = (0..files.len()).map(|file| reach(&edges, file)).collect();
    let circles = (0..files.len()).map(|file| {
        let with = reached[file].iter().copied().filter(|other| reached[*other].contains(&file));
        with.collect::<Vec<usize>>()
    });
    let largest = circles.max_by_key(Vec::len).unwrap_or_default();
    largest.into_iter().map(|file| files[file].name.clone()).collect()
}

/// The files that `file` imports, and those that they import.
fn reach(edges: &[BTreeSet<usize>], file: usize) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![file];
    while let Some(next) = waiting.pop() {
        waiting.extend(edges[next].iter().copied().filter(|other| reached.insert(*other)));
    }
    reached
}

/// For each file, those that it imports.
fn edges(files: &[SourceFile]) -> Vec<BTreeSet<usize>> {
    let mut modules = Modules::new();
    for (index, file) in files.iter().enumerate() {
        read_module(&file.module, index, file.tokens.clone(), &mut modules);
    }
    let mut edges = vec![BTreeSet::new(); files.len()];
    for (at, module) in &modules {
        for path in &module.paths {
            match resolve(&modules, at, path, REEXPORTS_MAX) {
                Some(file) if file != module.file => edges[module.file].insert(file),
                Some(_) | None => false,
            };
        }
    }
    edges
}

/// The file that `path`, as it stands in the module `at`, leads to; none out of the crate.
fn resolve(modules: &Modules, at: &Path, path: &[String], reexports: usize) -> Option<usize> {
    let (mut here, mut rest) = start(modules, at, path)?;
    while let Some((name, after)) = rest.split_first() {
        let child: Path = here.iter().chain([name]).cloned().collect();
        if modules.contains_key(&child) {
            (here, rest) = (child, after);
            continue;
        }
        let module = modules.get(&here)?;
        let further = |target: &Path| {
            let target: Path = target.iter().chain(after).cloned().collect();
            resolve(modules, &here, &target, reexports.checked_sub(1)?)
        };
        if let Some(file) = module.names.get(name).and_then(further) {
            return Some(file);
        }
        let mut globs = module.globs.iter().filter(|glob| {
            let named = start(modules, &here, glob).and_then(|(from, rest)| {
                let path: Path = from.into_iter().chain(rest.iter().cloned()).collect();
                modules.get(&path)
            });
            named.is_some_and(|named| named.items.contains(name) && glob.as_slice() != ["super"])
        });
        let glob = globs.next().and_then(further);
        return Some(glob.unwrap_or(module.file));
    }
    modules.get(&here).map(|module| module.file)
}

/// The module that the first names of `path` mean, and the names that are left.
fn start<'a>(modules: &Modules, at: &Path, path: &'a [String]) -> Option<(Path, &'a [String])> {
    let (first, rest) = path.split_first()?;
    let mut here = at.clone();
    let mut rest = rest;
    match first.as_str() {
        "crate" => here.clear(),
        "self" => {}
        "super" => {
            here.pop()?;
            while let Some((_, after)) = rest.split_first().filter(|(next, _)| *next == "super") {
                here.pop()?;
                rest = after;
            }
        }
        child => {
            here.push(child.to_owned());
            modules.get(&here)?;
        }
    }
    Some((here, rest))
}

fn read_module(at: &Path, file: usize, tokens: TokenStream, modules: &mut Modules) {
    let mut module = Module { file, ..Module::default() };
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut index = 0;
    while let Some(token) = tokens.get(index) {
        match (token, tokens.get(index + 1), tokens.get(index + 2)) {
            (keyword, Some(TokenTree::Ident(name)), Some(TokenTree::Group(body)))
                if is_ident(keyword, "mod") && body.delimiter() == Delimiter::Brace =>
            {
                let child: Path = at.iter().cloned().chain([name.to_string()]).collect();
                read_module(&child, file, body.stream(), modules);
                index += 3;
                continue;
            }
            (TokenTree::Ident(keyword), Some(TokenTree::Ident(name)), _)
                if ITEMS.iter().any(|item| keyword == item) =>
            {
                module.items.insert(name.to_string());
            }
            _ => {}
        }
        index = read_at(&tokens, index, &mut module, true);
    }
    modules.insert(at.clone(), module);
}

/// The words that stand before the name of an item.
const ITEMS: [&str; 8] = ["struct", "enum", "union", "trait", "fn", "type", "const", "static"];

/// Reads what begins at `index`, and returns where it ends.
fn read_at(tokens: &[TokenTree], index: usize, module: &mut Module, is_top: bool) -> usize {
    match &tokens[index] {
        // `use<'a>` captures lifetimes.
        keyword
            if is_ident(keyword, "use")
                && !tokens.get(index + 1).is_some_and(|next| is_punct(next, '<')) =>
        {
            let rest = &tokens[index + 1..];
            let length = rest.iter().position(|token| is_punct(token, ';')).unwrap_or(rest.len());
            read_use(&rest[..length], &Vec::new(), module, is_top);
            index + 1 + length
        }
        TokenTree::Ident(_) => {
            let (path, end) = path_at(tokens, index);
            if path.len() > 1 {
                module.paths.push(path);
            }
            end
        }
        TokenTree::Group(group) => {
            let inner: Vec<TokenTree> = group.stream().into_iter().collect();
            let mut at = 0;
            while at < inner.len() {
                at = read_at(&inner, at, module, false);
            }
            index + 1
        }
        TokenTree::Punct(_) | TokenTree::Literal(_) => index + 1,
    }
}

/// The names with `::` between them from `index` on, and where they end.
fn path_at(tokens: &[TokenTree], mut index: usize) -> (Path, usize) {
    let mut path = Path::new();
    while let Some(TokenTree::Ident(name)) = tokens.get(index) {
        path.push(name.to_string());
        index += 1;
        let is_separated = [index, index + 1]
            .iter()
            .all(|at| tokens.get(*at).is_some_and(|token| is_punct(token, ':')));
        let goes_on = matches!(tokens.get(index + 2), Some(TokenTree::Ident(_)));
        if !is_separated || !goes_on {
            break;
        }
        index += 2;
    }
    (path, index)
}

/// Reads one tree of a `use`, of which `prefix` stands before it.
fn read_use(tree: &[TokenTree], prefix: &Path, module: &mut Module, is_top: bool) {
    let (names, end) = path_at(tree, 0);
    let mut path: Path = prefix.iter().cloned().chain(names).collect();
    let rest = &tree[end..];
    let last = rest.iter().find(|token| !is_punct(token, ':'));
    match last {
        Some(TokenTree::Group(group)) => {
            let inner: Vec<TokenTree> = group.stream().into_iter().collect();
            for branch in inner.split(|token| is_punct(token, ',')) {
                if !branch.is_empty() {
                    read_use(branch, &path, module, is_top);
                }
            }
            return;
        }
        Some(star) if is_punct(star, '*') => {
            if is_top {
                module.globs.push(path.clone());
            }
        }
        _ => {
            if path.len() > 1 && path.last().is_some_and(|name| name == "self") {
                path.pop();
            }
            // Behind `as`, which `path_at` has not taken for part of the path.
            let behind = rest.iter().filter(|token| !is_ident(token, "as"));
            let mut names = behind.filter_map(|token| match token {
                TokenTree::Ident(name) => Some(name.to_string()),
                TokenTree::Group(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => None,
            });
            let alias = names.next();
            if let Some(name) = alias.or_else(|| path.last().cloned()).filter(|_| is_top) {
                module.names.insert(name, path.clone());
            }
        }
    }
    module.paths.push(path);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circle(files: &[(&str, &str)]) -> Vec<String> {
        let parsed = files.iter().map(|(name, text)| SourceFile::parse(name, text).unwrap());
        let found = largest_circle(&parsed.collect::<Vec<_>>());
        found.iter().map(|name| name.trim_end_matches(".rs").to_owned()).collect()
    }

    #[test]
    fn declaring_a_module_is_no_import() {
        assert!(circle(&[("lib.rs", "mod a; mod b;"), ("a.rs", "use crate::b::B;")]).is_empty());
        let files = [("lib.rs", "mod a;\nstruct S;"), ("a.rs", "use super::S;")];
        assert!(circle(&files).is_empty());
    }

    #[test]
    fn every_form_of_path_is_an_import() {
        let imports = [
            "use crate::b::B;",
            "pub(crate) use crate::b::{self as other, C};",
            "use crate::{b::B, c};",
            "use crate::b::*;",
            "use super::b::B;",
            "use super::{c::C, b::B};",
            "fn f() { use crate::b::B; }",
            "fn f() -> crate::b::B { x }",
            "fn f() { assert!(super::b::f(1)); }",
            "mod inline { use super::super::b::B; }",
        ];
        for import in imports {
            let files = [
                ("lib.rs", "mod a; mod b; mod c;"),
                ("a.rs", import),
                ("b.rs", "use crate::a::A; struct B;"),
                ("c.rs", ""),
            ];
            assert_eq!(circle(&files), ["a", "b"], "{import}");
        }
    }

    #[test]
    fn other_crates_comments_and_tests_are_no_imports() {
        for text in [
            "use b::B;",
            "use std::b;",
            "// use crate::b::B;\n/// [`crate::b::B`]\nfn f() { \"crate::b::B\" }",
            "#[cfg(test)]\nuse crate::b::B;",
            "#[cfg(test)]\nmod tests {\n    use crate::b::B;\n}",
            "fn f() -> impl Sized + use<'_> { x }",
        ] {
            let files = [("lib.rs", "mod a; mod b;"), ("a.rs", text), ("b.rs", "use crate::a::A;")];
            assert!(circle(&files).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_child_that_uses_an_item_of_its_parent_imports_it() {
        let files = [
            ("a.rs", "mod b; use b::B; struct A;"),
            ("a/b.rs", "use super::A; struct B;"),
            ("lib.rs", "mod a;"),
        ];
        assert_eq!(circle(&files), ["a", "a/b"]);
        let called = [("a.rs", "mod b; fn f() { b::run() }"), ("a/b.rs", "use super::*;")];
        assert_eq!(circle(&called), ["a", "a/b"]);
    }

    #[test]
    fn a_re_export_leads_to_where_the_item_is() {
        let files = [
            ("a.rs", "use crate::B;"),
            ("b.rs", "struct B;"),
            ("c.rs", "use crate::D as Other;"),
            ("d.rs", "struct D;"),
            (
                "lib.rs",
                "mod a; mod b; mod c; mod d; pub use a::A; pub use b::B; pub use d::*; use c::C;",
            ),
        ];
        assert!(circle(&files).is_empty());
        let back = [&files[..1], &[("b.rs", "use crate::a::A; struct B;")], &files[2..]].concat();
        assert_eq!(circle(&back), ["a", "b"]);
    }

    #[test]
    fn the_largest_of_several_circles_is_found() {
        let files = [
            ("a.rs", "use crate::b::B;"),
            ("b.rs", "use crate::a::A;"),
            ("c.rs", "use crate::d::D;"),
            ("d.rs", "use crate::e::E;"),
            ("e.rs", "use crate::c::C; use crate::a::A;"),
        ];
        assert_eq!(circle(&files), ["c", "d", "e"]);
    }
}
