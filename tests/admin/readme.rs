//! The README, section "Give others access", followed to the letter.

use acta_tests::{Client, Server, Version, acta, basic, run};
use serde_json::Value;

/// The commands of a section of the README, in order.
fn commands(section: &str) -> Vec<String> {
    let readme = include_str!("../../README.md");
    let section = readme.split("\n## ").find(|part| part.starts_with(section)).unwrap();
    let blocks = section.split("```").skip(1).step_by(2);
    blocks.flat_map(str::lines).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// A command line taken apart as a shell does.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for letter in line.chars() {
        match (letter, quote) {
            ('"' | '\'', None) => quote = Some(letter),
            (_, Some(open)) if letter == open => quote = None,
            (' ', None) => words.push(std::mem::take(&mut word)),
            _ => word.push(letter),
        }
    }
    words.push(word);
    words
}

/// What stands behind `name` in the lines of a command.
fn told<'a>(out: &'a str, name: &str) -> &'a str {
    out.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim()
}

/// Sends what the `curl` line sends.
fn curl(client: &Client, words: &[String], authorization: &str) -> u16 {
    let behind = |option: &str| {
        let place = words.iter().position(|word| word == option).unwrap();
        words[place + 1].clone()
    };
    assert_eq!(behind("-u"), "KEY:SECRET");
    let address = words.iter().find(|word| word.starts_with("http://")).unwrap();
    let path = address.strip_prefix("http://127.0.0.1:8080/xapi").unwrap();
    let statement: Value = serde_json::from_str(&behind("-d")).unwrap();
    let call = client.post(path).json(&statement).header("Authorization", authorization);
    call.send().status
}

#[test]
fn the_readme_commands_create_a_tenant_a_credential_and_an_account() {
    let server = Server::start(Version::V2_0_0);
    let client = server.client(Version::V2_0_0);
    let (mut authorization, mut statuses, mut all) = (String::new(), Vec::new(), String::new());
    for line in commands("Give others access") {
        let words = words(&line);
        match words[0].as_str() {
            "curl" => statuses.push(curl(&client, &words, &authorization)),
            "acta" => {
                let output = run(acta().args(&words[1..]).env("ACTA_DATA", server.data()));
                assert_eq!(output.code, Some(0), "{line}: {}", output.err);
                if line.starts_with("acta credential create") {
                    authorization =
                        basic(told(&output.out, "  key "), told(&output.out, "  secret "));
                }
                all.push_str(&output.out);
            }
            other => panic!("{other} is not known here"),
        }
    }
    assert_eq!(statuses, [200, 403]);
    assert!(all.contains("administrator in 2"), "{all}");
    assert!(all.contains("/reset?token="), "{all}");
    assert!(all.contains("credential.created") && all.contains("account.created"), "{all}");
    assert!(all.contains("every entry follows"), "{all}");
}
