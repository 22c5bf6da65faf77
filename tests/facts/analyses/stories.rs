//! The stories of the guide can be told again: its commands print what it says.

use std::fs;
use std::path::Path;
use std::process::Command;

use acta_tests::{acta, run};

/// A block of commands, and what the last of them prints, if the guide shows that.
struct Block {
    commands: Vec<String>,
    shown: Option<String>,
}

/// The blocks of the guide: `sh` with one command a line, and `text` behind some of them.
fn blocks(guide: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut lines = guide.lines();
    while let Some(line) = lines.next() {
        let Some(kind) = line.strip_prefix("```") else { continue };
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        if kind == "sh" {
            let commands = body.into_iter().map(str::to_owned).collect();
            blocks.push(Block { commands, shown: None });
        } else if let Some(block) = blocks.last_mut() {
            block.shown = Some(body.join("\n"));
        }
    }
    blocks
}

/// Lines without blanks at their ends.
fn trimmed(text: &str) -> String {
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn examples_of_the_guide_can_be_repeated() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/stories.md");
    let guide = fs::read_to_string(guide).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let program = acta().get_program().to_owned();
    let program = program.to_str().unwrap();
    let blocks = blocks(&guide);
    assert!(blocks.iter().filter(|block| block.shown.is_some()).count() >= 5);
    for block in blocks {
        let mut printed = String::new();
        for line in &block.commands {
            let command = line.strip_prefix("acta ").unwrap_or_else(|| panic!("{line}"));
            let mut shell = Command::new("sh");
            shell.args(["-c", &format!("'{program}' {command}")]).current_dir(folder.path());
            for (name, _) in
                std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ACTA_"))
            {
                shell.env_remove(name);
            }
            let told = run(&mut shell);
            assert_eq!(told.code, Some(0), "{line}: {}", told.err);
            printed = told.out;
        }
        if let Some(shown) = block.shown {
            assert_eq!(trimmed(&printed), trimmed(&shown), "{:?}", block.commands);
        }
    }
}
