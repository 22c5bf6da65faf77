//! The page about the installation, with its commands typed as they are.

use std::path::Path;
use std::process::Command;

use acta_tests::{Launch, Version, acta};

use crate::text;

const PAGE: &str = "docs/operate/install.md";

/// Commands that need a machine of their own. Everything else is run.
const OF_THE_MACHINE: [&str; 6] =
    ["apt-get", "systemctl", "journalctl", "install", "editor", "curl"];

/// The lines of blocks of commands on the page.
fn commands() -> Vec<String> {
    let page = text(PAGE);
    let blocks = page.split("```").skip(1).step_by(2).filter(|block| block.starts_with('\n'));
    let lines = blocks.flat_map(str::lines).filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

/// Runs a line in a shell, with paths below `root`; returns what it printed.
fn type_line(line: &str, root: &Path) -> String {
    let place = root.display().to_string();
    let line = line.replace("/etc/acta/", &format!("{place}/etc/acta/"));
    let binary = acta().get_program().to_string_lossy().into_owned();
    let folder = Path::new(&binary).parent().unwrap().display().to_string();
    let ran = Command::new("sh")
        .args(["-c", &line])
        .env("PATH", format!("{folder}:/usr/bin:/bin"))
        .current_dir(root)
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{line}: {out}{err}");
    out.into_owned()
}

#[test]
fn the_commands_of_the_page_make_a_store_that_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let data = root.join("data");
    std::fs::create_dir_all(root.join("etc/acta")).unwrap();
    let configuration =
        text("packaging/acta.toml").replace("/var/lib/acta", &data.to_string_lossy());
    std::fs::write(root.join("etc/acta/acta.toml"), configuration).unwrap();
    let (mut typed, mut server) = (Vec::new(), None);
    for line in commands() {
        let program = line.split(' ').next().unwrap();
        if program == "systemctl" && line.contains("--now acta") && server.is_none() {
            server = Some(Launch::new(&data, Version::V2_0_0).start());
        } else if program == "acta" {
            typed.push(type_line(&line, root));
        } else {
            // The store in a database is set up in the tests of nodes.
            let is_of_database = line.starts_with("ACTA_STORAGE_URL_FILE=");
            assert!(is_of_database || OF_THE_MACHINE.contains(&program), "{line}");
        }
    }
    assert!(data.join("store").exists(), "there is a store");
    let made = typed.last().unwrap();
    assert!(made.contains("statements/write, statements/read/mine, state"), "{made}");
    let ready = server.unwrap().client(Version::V2_0_0).call_outside("GET", "/ready").send();
    ready.expect(200);
}

#[test]
fn the_paths_on_the_page_are_those_of_the_package() {
    let manifest = text("crates/cli/Cargo.toml");
    let page = text(PAGE);
    for (named, source) in [
        ("/usr/share/doc/acta/examples/alerts.yaml", "packaging/monitoring/alerts.yaml"),
        ("/usr/share/doc/acta/examples/dashboard.json", "packaging/monitoring/dashboard.json"),
        ("/usr/share/doc/acta/examples/database.conf", "packaging/database.conf"),
        ("/etc/acta/acta.toml", "packaging/acta.toml"),
    ] {
        assert!(page.contains(named), "{named} is not on the page");
        let (folder, _) = named.rsplit_once('/').unwrap();
        let asset = format!("[\"../../{source}\", \"{}/\"", folder.trim_start_matches('/'));
        assert!(manifest.contains(&asset), "{asset} is not in the package");
    }
    for path in ["packaging/container/Containerfile", "packaging/container/compose.yaml"] {
        assert!(page.contains(path) && crate::path(path).is_file(), "{path}");
    }
}
