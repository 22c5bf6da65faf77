//! The built files of the web console, as part of the binary.
//!
//! The source is in `console`; `cargo xtask console --write` builds it into `built`.

/// A built file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asset {
    /// The path that it is served at, as in `/assets/index-Bx4dW2.js`.
    pub path: &'static str,
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    /// The entity tag, as it stands in headers.
    pub tag: &'static str,
    /// The content.
    pub plain: &'static [u8],
    /// The content compressed with gzip; none if the format is compressed already.
    pub gzip: Option<&'static [u8]>,
}

impl Asset {
    /// Whether the name contains a hash of the content, so that the content at this path never
    /// changes.
    pub fn is_immutable(&self) -> bool {
        self.path.starts_with("/assets/")
    }
}

/// Every file, by path.
static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/table.rs"));

/// The page that starts the console, at every path of the console.
pub fn page() -> Option<&'static Asset> {
    find("/index.html")
}

/// The file at a path.
pub fn find(path: &str) -> Option<&'static Asset> {
    let index = ASSETS.binary_search_by(|asset| asset.path.cmp(path)).ok()?;
    ASSETS.get(index)
}

/// Every file, by path.
pub fn all() -> &'static [Asset] {
    ASSETS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_found_by_its_path() {
        for asset in all() {
            assert_eq!(find(asset.path), Some(asset));
        }
        assert_eq!(find("/assets/unknown.js"), None);
    }

    #[test]
    fn the_page_names_files_that_are_there_and_no_other_host() {
        let page = std::str::from_utf8(page().unwrap().plain).unwrap();
        let named: Vec<&str> = page
            .split(['"', '\''])
            .filter(|text| text.starts_with("/assets/") || text.contains("://"))
            .collect();
        assert!(named.iter().any(|path| path.contains("/index-")), "{page}");
        for path in named {
            assert!(find(path).is_some(), "{path}");
        }
        assert!(!page.contains("<style") && !page.contains("<script>"), "{page}");
    }
}
