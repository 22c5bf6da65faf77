//! Completions and man pages, which packages contain.

use std::process::Command;

use acta_tests::{acta, commands_without, run};

use crate::has;

#[test]
fn completions_of_each_shell_name_every_command() {
    for shell in ["bash", "fish", "zsh"] {
        let made = run(acta().args(["generate", "completions", shell]));
        assert_eq!(made.code, Some(0), "{}", made.err);
        for name in commands_without([]) {
            assert!(made.out.contains(&name), "{name} is not completed by {shell}");
        }
        assert!(made.out.contains("refusals"), "{shell}");
        if has(shell) {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("completions");
            std::fs::write(&file, made.out).unwrap();
            let checked = Command::new(shell).arg("-n").arg(&file).output().unwrap();
            assert!(checked.status.success(), "{shell}: {checked:?}");
        }
    }
}

#[test]
fn every_command_has_a_man_page() {
    let folder = tempfile::tempdir().unwrap();
    let made = run(acta().args(["generate", "man"]).arg(folder.path().join("man1")));
    assert_eq!((made.code, made.out.as_str()), (Some(0), ""), "{}", made.err);
    let page = |name: &str| std::fs::read_to_string(folder.path().join("man1").join(name));
    let whole = page("acta.1").unwrap();
    for name in commands_without([]) {
        let own = page(&format!("acta-{name}.1")).unwrap();
        assert!(own.starts_with(".ie") && own.contains(".TH"), "{name}: {own}");
        assert!(whole.contains(&name.replace('-', "\\-")), "{name} is not in {whole}");
    }
    let refusals = page("acta-credential-refusals.1").unwrap();
    assert!(refusals.contains("why the last requests") && refusals.contains("KEY"), "{refusals}");
    assert!(page("acta-generate.1").is_err(), "it is for packages alone");
}
