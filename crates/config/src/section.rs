//! How keys are declared: [`section!`] makes of one declaration the typed field, its parser and
//! default, and the row of the reference.

use crate::key::Key;
use crate::settings::{ConfigError, Settings};

/// A group of keys, and their values.
pub(crate) trait Section: Sized {
    /// Its keys, in the order of the reference.
    fn keys() -> Vec<Key>;

    /// Reads its values.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for the first value that must be corrected.
    fn read(settings: &Settings) -> Result<Self, ConfigError>;
}

/// Declares a struct whose fields are keys:
///
/// ```text
/// section! {
///     /// What is logged, and how.
///     #[derive(Clone, Debug)]
///     pub struct Log in "log." {
///         /// What is logged: `error`, `warn`, `info`, `debug` or `trace`.
///         pub level: String = text().default("info"),
///     }
/// }
/// ```
///
/// The prefix and the name of the field make the name of the key, the comment is its help, and
/// a [`ValueSpec`](crate::value_spec::ValueSpec) says what a value looks like, how it is parsed,
/// and what holds when nothing is set.
///
/// `sections { … }` behind it adds fields that are sections themselves, and `check path;` names a
/// function for what no value tells by itself; it takes the section and the [`Settings`].
///
/// A `pub optional struct` is a section that is there only when every key is set that has no
/// default and is not `optional`. Its other values are checked all the same, and its
/// check takes an `Option`.
macro_rules! section {
    (
        $(#[$about:meta])*
        pub struct $name:ident in $prefix:literal {
            $( $(#[doc = $help:literal])+ pub $field:ident: $type:ty = $spec:expr, )*
        }
        $( sections { $( $(#[$part_about:meta])* pub $part:ident: $part_type:ty, )+ } )?
        $( check $check:path; )?
    ) => {
        $(#[$about])*
        pub struct $name {
            $( $(#[doc = $help])+ pub $field: $type, )*
            $( $( $(#[$part_about])* pub $part: $part_type, )+ )?
        }

        impl $crate::section::Section for $name {
            fn keys() -> Vec<$crate::key::Key> {
                [
                    $crate::section::keys_of!(
                        $( $prefix, $field: $type, concat!($($help),+), $spec; )*
                    ),
                    $( $( <$part_type as $crate::section::Section>::keys(), )+ )?
                ]
                .concat()
            }

            fn read(
                settings: &$crate::settings::Settings,
            ) -> Result<Self, $crate::settings::ConfigError> {
                let section = Self {
                    $( $field: settings.need(concat!($prefix, stringify!($field)), &$spec)?, )*
                    $( $( $part: $crate::section::Section::read(settings)?, )+ )?
                };
                $( $check(&section, settings)?; )?
                Ok(section)
            }
        }
    };
    (
        $(#[$about:meta])*
        pub optional struct $name:ident in $prefix:literal {
            $( $(#[doc = $help:literal])+ pub $field:ident: $type:ty = $spec:expr, )*
        }
        $( sections { $( $(#[$part_about:meta])* pub $part:ident: $part_type:ty, )+ } )?
        $( check $check:path; )?
    ) => {
        $(#[$about])*
        pub struct $name {
            $( $(#[doc = $help])+ pub $field: $type, )*
            $( $( $(#[$part_about])* pub $part: $part_type, )+ )?
        }

        impl $crate::section::Section for Option<$name> {
            fn keys() -> Vec<$crate::key::Key> {
                [
                    $crate::section::keys_of!(
                        $( $prefix, $field: $type, concat!($($help),+), $spec; )*
                    ),
                    $( $( <$part_type as $crate::section::Section>::keys(), )+ )?
                ]
                .concat()
            }

            fn read(
                settings: &$crate::settings::Settings,
            ) -> Result<Self, $crate::settings::ConfigError> {
                $( let $field = settings.find(concat!($prefix, stringify!($field)), &$spec)?; )*
                $( $(
                    let $part = <$part_type as $crate::section::Section>::read(settings)?;
                )+ )?
                let section = if let ($( Some($field), )*) = ($( $field, )*) {
                    Some($name { $( $field, )* $( $( $part, )+ )? })
                } else {
                    None
                };
                $( $check(section.as_ref(), settings)?; )?
                Ok(section)
            }
        }
    };
}

/// The rows of the fields of a section.
macro_rules! keys_of {
    ( $( $prefix:literal, $field:ident: $type:ty, $help:expr, $spec:expr; )* ) => {
        vec![ $(
            $crate::key::Key::new::<$type>(
                concat!($prefix, stringify!($field)),
                // Each line of the comment begins with a blank.
                $help.trim_ascii(),
                $spec,
            ),
        )* ]
    };
}

pub(crate) use {keys_of, section};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;
    use crate::settings::{Origin, Setting};
    use crate::value_spec::{count_in, text};

    section! {
        /// A section.
        #[derive(Debug)]
        #[expect(unreachable_pub, reason = "every section is public")]
        pub struct Door in "door." {
            /// How many may pass,
            /// at most.
            pub passing_max: usize = count_in(1..=9).default("3").over("403"),
            /// What is written on it.
            pub sign: Option<String> = text().optional(),
        }
        sections {
            /// Another.
            pub lock: Option<Lock>,
        }
    }

    section! {
        /// A section that is there or not.
        #[derive(Debug)]
        #[expect(unreachable_pub, reason = "every section is public")]
        pub optional struct Lock in "door.lock_" {
            /// What opens it.
            pub key: Secret<String> = text().secret(),
            /// How many turns it takes.
            pub turns: usize = count_in(1..=2).default("2"),
        }
        check check_lock;
    }

    fn check_lock(lock: Option<&Lock>, settings: &Settings) -> Result<(), ConfigError> {
        let is_short = lock.is_some_and(|lock| lock.key.expose().len() < 2);
        if is_short { Err(settings.refusal("door.lock_key", "too short")) } else { Ok(()) }
    }

    fn read(set: &[(&str, &str)]) -> Result<Door, String> {
        let keys: &'static [Key] = Box::leak(Door::keys().into_boxed_slice());
        let settings = keys.iter().map(|key| {
            let set = set.iter().find(|(name, _)| *name == key.name).map(|(_, value)| *value);
            let value = set.or(key.default).map(str::to_owned);
            Setting { key, value, origin: Origin::Flag, replaced_by: None }
        });
        Door::read(&Settings(settings.collect())).map_err(|error| error.to_string())
    }

    #[test]
    fn a_declaration_gives_the_rows_of_the_reference() {
        let keys = Door::keys();
        let names: Vec<_> = keys.iter().map(|key| key.name).collect();
        assert_eq!(names, ["door.passing_max", "door.sign", "door.lock_key", "door.lock_turns"]);
        assert_eq!(keys[0].help, "How many may pass, at most.");
        assert_eq!((keys[0].default, keys[0].answer), (Some("3"), Some("403")));
        assert_eq!((keys[1].default, keys[1].kind.as_str()), (None, "text"));
        assert_eq!(
            keys.iter().map(|key| key.is_secret).collect::<Vec<_>>(),
            [false, false, true, false]
        );
    }

    #[test]
    fn a_section_holds_defaults_and_what_is_set() {
        let door = read(&[]).unwrap();
        assert_eq!((door.passing_max, door.sign.as_deref()), (3, None));
        assert!(door.lock.is_none());
        let set = [("door.passing_max", "9"), ("door.sign", "Pull"), ("door.lock_key", "abc")];
        let door = read(&set).unwrap();
        assert_eq!((door.passing_max, door.sign.as_deref()), (9, Some("Pull")));
        let lock = door.lock.unwrap();
        assert_eq!((lock.key.expose().as_str(), lock.turns), ("abc", 2));
    }

    #[test]
    fn a_section_refuses_values_also_of_sections_that_are_not_there() {
        let table = [
            (("door.passing_max", "10"), "\"10\" (command line): expected a count from 1 to 9"),
            (("door.lock_turns", "3"), "\"3\" (command line): expected a count from 1 to 2"),
            (("door.lock_key", "a"), "\"***\" (command line): too short"),
        ];
        for (set, expected) in table {
            assert_eq!(read(&[set]).unwrap_err(), format!("{} = {expected}", set.0));
        }
    }
}
