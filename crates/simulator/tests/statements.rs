//! Statements that come out: the same for a seed, valid, and as many as were asked for.

#![expect(clippy::unwrap_used, reason = "a test says that it failed by panicking")]

use std::collections::HashSet;

use acta_simulator::{Config, ConfigError, Date, Simulation};
use acta_xapi::{ParseLimits, Version, parse_statement};

fn config(seed: u64, statements: u64) -> Config {
    let learners = Config::learners_for(statements);
    Config {
        seed,
        first_day: Date::first_of_year(2024),
        days: 400,
        statements,
        learners,
        courses: Config::courses_for(learners),
        version: Version::V2_0_0,
    }
}

fn made(config: Config) -> Vec<String> {
    Simulation::new(config).unwrap().collect()
}

/// FNV-1a, of all lines.
fn fingerprint(lines: &[String]) -> u64 {
    let bytes = lines.iter().flat_map(|line| line.bytes().chain([b'\n']));
    bytes.fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

#[test]
fn a_seed_gives_the_same_bytes() {
    let first = made(config(1, 5000));
    assert_eq!(made(config(1, 5000)), first);
    assert_ne!(made(config(2, 5000)), first);
    let mut simulation = Simulation::new(config(1, 5000)).unwrap();
    let mut text = "used before".to_owned();
    for line in &first {
        assert!(simulation.next_into(&mut text));
        assert_eq!(&text, line);
    }
    assert!(!simulation.next_into(&mut text) && !simulation.next_into(&mut text));
}

#[test]
fn a_seed_gives_the_same_bytes_in_every_release_and_on_every_platform() {
    // A change of this number is a change that users notice.
    assert_eq!(fingerprint(&made(config(7, 20_000))), 0x7129_5832_D2E7_972E);
}

#[test]
fn every_statement_is_valid_in_its_version() {
    for version in [Version::V1_0_3, Version::V2_0_0] {
        let simulation = Simulation::new(Config { version, ..config(3, 20_000) }).unwrap();
        for line in simulation {
            let parsed = parse_statement(line.as_bytes(), version, &ParseLimits::default());
            assert!(parsed.is_ok(), "{:?}: {line}", parsed.err());
            assert!(!line.contains('\n'), "{line}");
        }
    }
}

#[test]
fn every_statement_has_an_id_of_its_own() {
    let lines = made(config(4, 50_000));
    let ids: HashSet<&str> = lines.iter().map(|line| &line[..r#"{"id":""#.len() + 36]).collect();
    assert_eq!(ids.len(), lines.len());
}

#[test]
fn exactly_as_many_statements_come_out_as_were_asked_for() {
    for statements in [0, 1, 2, 63, 64, 65, 1000, 12_345] {
        let config = config(5, statements);
        let mut simulation = Simulation::new(config).unwrap();
        assert_eq!(simulation.by_ref().count() as u64, statements);
        assert_eq!(simulation.truth().statements, statements);
        // A world that is as small as it can be.
        let small = Config { days: 1, learners: 1 + config.learners, courses: 1, ..config };
        assert_eq!(made(small).len() as u64, statements);
    }
    let none = Config { days: 0, ..config(5, 10) };
    assert_eq!(Simulation::new(none).err(), Some(ConfigError::NoDays));
}

#[test]
fn statements_arrive_in_order_but_for_those_that_are_late_and_clocks_that_are_wrong() {
    let lines = made(config(6, 20_000));
    let timestamps = |platform: &str| {
        let platform = format!(r#""platform":"{platform}""#);
        let of_platform = lines.iter().filter(move |line| line.contains(&platform));
        of_platform.map(|line| line.split(r#""timestamp":""#).nth(1).unwrap()).collect::<Vec<_>>()
    };
    for (platform, is_sorted) in [
        ("Campus", true),
        ("Video Portal", true),
        ("Workshop Register", true),
        ("Campus App", false),
    ] {
        let timestamps = timestamps(platform);
        assert!(timestamps.len() > 50, "{platform}");
        assert_eq!(timestamps.is_sorted(), is_sorted, "{platform}");
    }
}
