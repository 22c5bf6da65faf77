//! Facts, from which questions are answered.

use std::path::PathBuf;

use crate::section::section;
use crate::settings::{ConfigError, Settings};
use crate::value_spec::{count_from_one, parsed, path, size, text, timeout, yes_or_no};
use crate::{Secret, Span};

section! {
    /// Facts, from which questions are answered.
    #[derive(Clone, Debug)]
    pub struct Facts in "facts." {
        /// Whether the server makes facts of statements. Without facts, no questions are answered.
        pub enabled: bool = yes_or_no().default("true"),
        /// The directory of the facts. Each server needs its own. It can be removed while the
        /// server is stopped; the facts are then made again. If unset: `facts` in the directory of
        /// the store; if the store is in a database, a temporary directory, so that the facts are
        /// made again at each start.
        pub directory: Option<PathBuf> = path().optional(),
        /// Maximum memory of the dictionaries of one tenant, which hold each distinct text of its
        /// statements once. Facts of a tenant that has reached it are made no longer: answers are
        /// about the statements before, and the state of facts says `is_full`.
        pub dictionary_bytes_max: u64 = size().default("256MiB"),
        /// Maximum number of questions that are answered at the same time, half of them of one
        /// tenant. Others wait.
        pub questions_max: usize = count_from_one().default("4"),
        /// Maximum memory of one question, for groups and their measures.
        pub memory_bytes_max: u64 = size().default("128MiB"),
        /// Maximum time of one question.
        pub timeout: Span = timeout().default("30s"),
        /// Maximum number of rows of an answer to a statement in SQL.
        pub sql_rows_max: usize = count_from_one().default("100000"),
        /// Maximum length of such an answer.
        pub sql_answer_bytes_max: u64 = size().default("16MiB"),
    }
    sections {
        /// The object storage to which `acta facts export` writes.
        pub export: Option<ExportObjects>,
    }
    check check_facts;
}

fn check_facts(_: &Facts, settings: &Settings) -> Result<(), ConfigError> {
    settings.check_both("facts.export_access_key", "facts.export_secret_key")
}

section! {
    /// Object storage that speaks S3, for exported facts.
    #[derive(Clone, Debug)]
    pub optional struct ExportObjects in "facts.export_" {
        /// The endpoint of the S3 service. If unset, that of Amazon in the region.
        pub endpoint: Option<String> = parsed("`https://…`").optional(),
        /// The region for signing requests. Most services other than Amazon accept any region.
        pub region: String = text().default("us-east-1"),
        /// The access key id for the bucket to which `acta facts export s3://…` writes.
        pub access_key: String = text(),
        /// The secret access key for the bucket.
        pub secret_key: Secret<String> = text().secret(),
        /// Whether an endpoint without encryption (http) is allowed.
        pub allow_http: bool = yes_or_no().default("false"),
    }
}
