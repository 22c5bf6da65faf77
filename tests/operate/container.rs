//! The image and the composition of containers.

use acta_tests::commands_without;
use yaml_rust2::Yaml;

use crate::{check_variable, path, text, yaml};

const FOLDER: &str = "packaging/container";

/// The instructions of a file for an image: each with what it says, its lines joined.
fn instructions(file: &str) -> Vec<(String, String)> {
    let lines = file.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let joined = lines.collect::<Vec<_>>().join("\n").replace("\\\n", " ");
    let pairs = joined.lines().map(|line| line.split_once(' ').unwrap());
    pairs.map(|(name, rest)| (name.to_owned(), rest.trim().to_owned())).collect()
}

#[test]
fn the_image_has_the_binary_alone_and_runs_it_without_rights() {
    let all = instructions(&text(&format!("{FOLDER}/Containerfile")));
    let of = |name: &str| -> Vec<&str> {
        let found = all.iter().filter(|(known, _)| known == name);
        found.map(|(_, rest)| rest.as_str()).collect()
    };
    let known = [
        "FROM",
        "WORKDIR",
        "COPY",
        "RUN",
        "USER",
        "ENV",
        "VOLUME",
        "EXPOSE",
        "STOPSIGNAL",
        "ENTRYPOINT",
        "CMD",
    ];
    for (name, rest) in &all {
        assert!(known.contains(&name.as_str()), "{name} {rest}");
    }
    assert_eq!(of("FROM").last(), Some(&"scratch"));
    let toolchain = text("Cargo.toml");
    let version = of("FROM")[0].split([':', '-']).nth(1).unwrap().to_owned();
    assert!(toolchain.contains(&format!("rust-version = \"{version}\"")), "{version}");
    let user: u32 = of("USER")[0].split(':').next().unwrap().parse().unwrap();
    assert_ne!(user, 0);
    let words = |text: &str| -> Vec<String> { serde_json::from_str(text).unwrap() };
    assert_eq!(words(of("ENTRYPOINT")[0]), ["/usr/bin/acta"]);
    assert!(commands_without([]).contains(&words(of("CMD")[0])[0]));
    assert_eq!(words(of("VOLUME")[0]), [*of("WORKDIR").last().unwrap()]);
    for variable in of("ENV").iter().flat_map(|line| line.split(' ')) {
        let (name, value) = variable.split_once('=').unwrap();
        check_variable(name);
        assert!(!name.ends_with("LISTEN") || value.ends_with(of("EXPOSE")[0]), "{variable}");
    }
    // What is copied from the first stage was made there.
    let made = of("RUN").join("\n");
    for copy in of("COPY").into_iter().filter(|copy| copy.starts_with("--from=build")) {
        let source = copy.split(' ').find(|word| word.starts_with("/image/")).unwrap();
        let is_library = source.starts_with("/image/lib");
        assert!(is_library || made.contains(source), "{source}");
    }
}

/// The names of a mapping.
fn names(mapping: &Yaml) -> Vec<String> {
    let names = mapping.as_hash().unwrap().keys();
    names.map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_composition_is_consistent_and_sets_keys_of_the_configuration() {
    let composition = yaml(&format!("{FOLDER}/compose.yaml"));
    let declared = |kind: &str| names(&composition[kind]);
    for service in names(&composition["services"]) {
        let service = &composition["services"][service.as_str()];
        for kind in ["secrets", "networks"] {
            for used in service[kind].as_vec().into_iter().flatten() {
                let used = used.as_str().unwrap().to_owned();
                assert!(declared(kind).contains(&used), "{used} of {kind}");
            }
        }
        for mounted in service["volumes"].as_vec().into_iter().flatten() {
            let volume = mounted.as_str().unwrap().split(':').next().unwrap().to_owned();
            assert!(declared("volumes").contains(&volume), "{volume}");
        }
    }
    let acta = &composition["services"]["acta"];
    let build = path(FOLDER).join(acta["build"]["context"].as_str().unwrap());
    assert!(build.join(acta["build"]["dockerfile"].as_str().unwrap()).is_file());
    assert!(build.join("Cargo.toml").is_file());
    assert!(commands_without([]).contains(acta["command"][0].as_str().unwrap()));
    for (name, value) in acta["environment"].as_hash().unwrap() {
        let (name, value) = (name.as_str().unwrap(), value.as_str().unwrap());
        check_variable(name);
        if let Some(secret) = value.strip_prefix("/run/secrets/") {
            assert!(declared("secrets").contains(&secret.to_owned()), "{name}={value}");
        }
    }
    let settings: Vec<(String, String)> = acta["environment"]
        .as_hash()
        .unwrap()
        .iter()
        .map(|(name, value)| {
            (name.as_str().unwrap().to_owned(), value.as_str().unwrap().to_owned())
        })
        .filter(|(name, _)| !name.ends_with("_FILE"))
        .chain([("ACTA_STORAGE_URL".to_owned(), "postgres://a@database/acta".to_owned())])
        .collect();
    let loaded = acta_config::load(None, &settings.into_iter().collect(), &[]).unwrap();
    assert!(loaded.config.database.is_some());
}
