//! The checker itself, on a database of advisories in a directory.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;

/// Where the database is said to be. Git is told that it is in a directory.
const ADDRESS: &str = "https://advisories.example/database";

/// The crates of a package with one dependency, as `cargo metadata` lists them.
const METADATA: &str = r#"{
    "version": 1,
    "workspace_root": "FOLDER",
    "target_directory": "FOLDER/target",
    "metadata": null,
    "workspace_members": ["path+file://FOLDER#own@0.1.0"],
    "packages": [
        {
            "name": "own", "version": "0.1.0", "id": "path+file://FOLDER#own@0.1.0",
            "source": null, "features": {}, "targets": [],
            "manifest_path": "FOLDER/Cargo.toml",
            "dependencies": [
                {
                    "name": "sample", "req": "^1", "kind": null, "rename": null,
                    "optional": false, "uses_default_features": true, "features": [],
                    "target": null, "registry": null,
                    "source": "registry+https://github.com/rust-lang/crates.io-index"
                }
            ]
        },
        {
            "name": "sample", "version": "1.0.0",
            "id": "registry+https://github.com/rust-lang/crates.io-index#sample@1.0.0",
            "source": "registry+https://github.com/rust-lang/crates.io-index",
            "features": {}, "targets": [], "dependencies": [],
            "manifest_path": "FOLDER/sample/Cargo.toml"
        }
    ],
    "resolve": {
        "root": "path+file://FOLDER#own@0.1.0",
        "nodes": [
            {
                "id": "path+file://FOLDER#own@0.1.0", "features": [],
                "dependencies": [
                    "registry+https://github.com/rust-lang/crates.io-index#sample@1.0.0"
                ],
                "deps": [
                    {
                        "name": "sample", "dep_kinds": [{ "kind": null, "target": null }],
                        "pkg": "registry+https://github.com/rust-lang/crates.io-index#sample@1.0.0"
                    }
                ]
            },
            {
                "id": "registry+https://github.com/rust-lang/crates.io-index#sample@1.0.0",
                "dependencies": [], "deps": [], "features": []
            }
        ]
    }
}"#;

/// A package that depends on `sample` 1.0.0, and a database of advisories.
struct Project(TempDir);

impl Project {
    /// Without a database.
    fn new() -> Self {
        let project = Self(TempDir::new().unwrap());
        let folder = project.0.path().to_str().unwrap();
        let config = format!(
            "[advisories]\ndb-path = \"{folder}/fetched\"\ndb-urls = [\"{ADDRESS}\"]\n\
             git-fetch-with-cli = true\n"
        );
        let manifest = "[package]\nname = \"own\"\nversion = \"0.1.0\"\n";
        project.write("deny.toml", &config);
        project.write("Cargo.toml", manifest);
        project.write("metadata.json", &METADATA.replace("FOLDER", folder));
        project
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn database(&self) -> PathBuf {
        self.0.path().join("database")
    }

    /// Makes the database, with one advisory about a crate below version 1.0.1.
    fn advise_about(&self, name: &str) {
        let text = format!(
            "```toml\n[advisory]\nid = \"RUSTSEC-2026-0001\"\npackage = \"{name}\"\n\
             date = \"2026-01-01\"\n\n[versions]\npatched = [\">= 1.0.1\"]\n```\n\n\
             # A title\n\nA text.\n"
        );
        self.write(&format!("database/crates/{name}/RUSTSEC-2026-0001.md"), &text);
        let database = self.database();
        git(&database, &["init", "--quiet", "--initial-branch", "main"]);
        git(&database, &["add", "."]);
        git(&database, &["commit", "--quiet", "--message", "Advise"]);
    }

    fn deny(&self) -> Command {
        let file = |name: &str| self.0.path().join(name);
        let mut command = deny();
        command.arg("--manifest-path").arg(file("Cargo.toml"));
        command.arg("--metadata-path").arg(file("metadata.json"));
        command.arg("--config").arg(file("deny.toml"));
        let here = format!("url.file://{}.insteadOf", self.database().display());
        command.env("GIT_CONFIG_COUNT", "1");
        command.env("GIT_CONFIG_KEY_0", here).env("GIT_CONFIG_VALUE_0", ADDRESS);
        command
    }

    fn check(&self) -> Result<()> {
        check_with(&|| self.deny())
    }

    fn check_if_possible(&self) -> Result<Option<String>> {
        check_if_possible_with(&|| self.deny())
    }
}

fn git(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=a", "-c", "user.email=a@example.org"]);
    command.args(["-c", "commit.gpgsign=false"]).args(arguments).current_dir(folder);
    run(&mut command).unwrap();
}

#[test]
fn a_dependency_with_an_advisory_fails_the_check_also_in_the_ci() {
    let project = Project::new();
    project.advise_about("sample");
    for failed in [project.check(), project.check_if_possible().map(drop)] {
        let text = failed.unwrap_err().to_string();
        assert!(text.contains("check advisories"), "{text}");
    }
}

#[test]
fn dependencies_without_an_advisory_pass() {
    let project = Project::new();
    project.advise_about("elsewhere");
    project.check().unwrap();
    assert_eq!(project.check_if_possible().unwrap(), None, "it is not skipped");
}

#[test]
fn without_the_database_the_check_fails_and_the_ci_says_that_it_was_skipped() {
    let project = Project::new();
    let text = project.check().unwrap_err().to_string();
    let reason = text.strip_prefix("the database of advisories cannot be fetched: fatal: ");
    let reason = reason.unwrap_or_else(|| panic!("{text}"));
    let skipped = project.check_if_possible().unwrap().unwrap();
    assert!(skipped.starts_with("SKIPPED: no dependency was checked for advisories"), "{skipped}");
    assert!(skipped.contains(reason), "{skipped}");
    assert!(skipped.contains("Run `cargo xtask advisories`"), "{skipped}");
}

#[test]
fn a_database_that_was_fetched_before_does_not_replace_one_that_is_away() {
    let project = Project::new();
    project.advise_about("elsewhere");
    project.check().unwrap();
    fs::remove_dir_all(project.database()).unwrap();
    assert!(project.check().is_err());
    assert!(project.check_if_possible().unwrap().is_some());
}

#[test]
fn the_reason_is_the_line_that_says_it() {
    let table = [
        ("", "cargo-deny gave no reason"),
        ("\n \n", "cargo-deny gave no reason"),
        ("warning: a\n[ERROR] failed to fetch\n\n", "[ERROR] failed to fetch"),
        (
            "[ERROR] failed to clone\nCloning into 'x'...\nfatal: could not resolve host\n\n\
             Please make sure\nand the repository exists.\n",
            "fatal: could not resolve host",
        ),
    ];
    for (printed, reason) in table {
        assert_eq!(reason_in(printed), reason, "{printed:?}");
    }
}
