//! What was typed for a value of a request, by the definition of the command.

use std::sync::OnceLock;

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

/// The command that was typed. Errors are rare and come from far below, so it is kept here.
static TYPED: OnceLock<Typed> = OnceLock::new();

/// The options of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Typed {
    options: Vec<KnownOption>,
    /// Whether the request was read from a file, and not made of options.
    is_file: bool,
}

/// An option of the command.
#[derive(Clone, Debug, PartialEq, Eq)]
struct KnownOption {
    /// Its name in the definition.
    id: String,
    /// Its name on the command line, without dashes.
    long: String,
    /// Whether it was typed.
    is_typed: bool,
}

/// Keeps the command that was typed, for errors.
pub(crate) fn remember(command: Command, matches: &ArgMatches) {
    // There is only one.
    drop(TYPED.set(Typed::read(command, matches)));
}

/// What was typed for the value at `place` of the request: a parameter, or a JSON Pointer in the
/// body.
pub(super) fn typed(place: &str) -> String {
    TYPED.get().cloned().unwrap_or_default().name(place)
}

impl Typed {
    fn read(mut command: Command, mut matches: &ArgMatches) -> Self {
        // Options of all commands become those of each.
        command.build();
        let mut command = &command;
        while let Some((name, of_command)) = matches.subcommand()
            && let Some(found) = command.find_subcommand(name)
        {
            (command, matches) = (found, of_command);
        }
        let given: Vec<&str> = matches
            .ids()
            .map(clap::Id::as_str)
            .filter(|id| matches.value_source(id) == Some(ValueSource::CommandLine))
            .collect();
        let options = command.get_arguments().filter_map(|argument| {
            let id = argument.get_id().as_str();
            let long = argument.get_long()?.to_owned();
            Some(KnownOption { id: id.to_owned(), long, is_typed: given.contains(&id) })
        });
        let is_file = matches!(matches.try_contains_id("question"), Ok(true));
        Self { options: options.collect(), is_file }
    }

    fn name(&self, place: &str) -> String {
        if (self.is_file && place.starts_with('/')) || place.starts_with("/tiles/") {
            return format!("{place} in the file");
        }
        let tokens: Vec<&str> = place
            .split('/')
            .filter(|name| !name.is_empty() && !matches!(*name, "limits" | "settings"))
            .collect();
        let Some(first) = tokens.first() else { return "the request".to_owned() };
        // `--course-types` is a part of the course, and `--authority` may have all its parts.
        let part = tokens.get(1).and_then(|second| self.option(&format!("{first}_{second}")));
        let part = part.filter(|option| option.is_typed);
        match (part.or_else(|| self.option(first)), *first) {
            (Some(option), _) => format!("--{}", option.long),
            (None, "sql") => "the statement".to_owned(),
            (None, "email") => "the e-mail address".to_owned(),
            (None, first) => format!("the {}", first.replace('_', " ")),
        }
    }

    /// The option for a property of a request. Its name in the definition is that of the property,
    /// or it is called like the property but for the unit, the plural or the kind.
    fn option(&self, property: &str) -> Option<&KnownOption> {
        /// Properties whose options have other names.
        const OTHERS: [(&str, &str); 2] = [("dimensions", "by"), ("display_name", "name")];

        let is_other = |(other, _): &&(&str, &str)| *other == property;
        let other = OTHERS.iter().find(is_other).map(|(_, name)| *name);
        let bare = ["_minutes", "_seconds", "_days", "s"]
            .iter()
            .find_map(|end| property.strip_suffix(end))
            .or_else(|| property.strip_prefix("is_"));
        let names = [Some(property), bare, other];
        names.into_iter().flatten().find_map(|name| {
            let long = name.replace('_', "-");
            self.options.iter().find(|option| option.id == name || option.long == long)
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::Arguments;

    #[track_caller]
    fn check(line: &str, place: &str, expected: &str) {
        let matches = Arguments::command().try_get_matches_from(line.split(' ')).unwrap();
        let typed = Typed::read(Arguments::command(), &matches);
        assert_eq!(typed.name(place), expected, "{line}: {place}");
    }

    #[test]
    fn faults_speak_of_what_was_typed() {
        let table = [
            ("acta query", "/dimensions/0", "--by"),
            ("acta query", "/measures/1/of", "--measure"),
            ("acta query", "/where/and/0/field", "--where"),
            ("acta sql x", "/sql", "the statement"),
            ("acta query question.json", "/dimensions/0", "/dimensions/0 in the file"),
            ("acta dashboard save x f", "/tiles/0/question", "/tiles/0/question in the file"),
            ("acta analyse funnel --step a=b=c", "/steps/0/where", "--step"),
            ("acta analyse funnel --step a=b=c", "/zone", "--zone"),
            ("acta analyse compare --group a=b=c", "/groups/0", "--group"),
            ("acta analyse compare --group a=b=c", "/gap_minutes", "--gap"),
            ("acta analyse journey 7", "/agent/mbox", "the agent"),
            ("acta person create --identifier a@b.c", "/identifiers/0", "--identifier"),
            ("acta person change 7", "/attributes", "--attribute"),
            ("acta person rules", "/home_pages/0/0", "--home-pages"),
            ("acta credential create --label x", "/activity_prefixes/1", "--activity-prefix"),
            (
                "acta credential create --label x --authority {}",
                "/authority/account",
                "--authority",
            ),
            (
                "acta credential create --label x --authority-account http://h.example y",
                "/authority/account/homePage",
                "--authority-account",
            ),
            ("acta credential create --label x", "/is_read_only", "--read-only"),
            ("acta credential rotate key", "/overlap_seconds", "--overlap"),
            ("acta credential create --label x", "/expires", "--expires"),
            ("acta tenant create x --bytes-per-day 1", "/limits/bytes_per_day", "--bytes-per-day"),
            ("acta tenant create x", "/name", "the name"),
            (
                "acta tenant settings 1 --course object --course-types http://t.example/course",
                "/settings/course/types",
                "--course-types",
            ),
            ("acta tenant settings 1 --course object", "/settings/course/steps", "--course"),
            ("acta account create a@b.c --name x", "/display_name", "--name"),
            ("acta account create a@b.c --name x", "/roles/0", "--role"),
            ("acta account create a@b.c --name x", "/email", "the e-mail address"),
            ("acta audit list", "outcome", "--outcome"),
            ("acta audit list", "", "the request"),
            ("acta tenant list", "limit", "the limit"),
        ];
        for (line, place, expected) in table {
            check(line, place, expected);
        }
    }
}
