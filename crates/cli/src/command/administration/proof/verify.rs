//! `acta proof verify`: verifies a proof offline.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use acta_merkle::{Entry, Origin, ProofFile, ProofFileError, SALT_BYTES, Trust, VerifierKey};
use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::terminal::{print, say};

/// The ending of files with what a proof is about.
pub(super) const PREIMAGE: &str = "preimage";

/// Arguments of `acta proof verify`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The proof.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The verifier key of the log, as `acta proof key` prints it. Get it from somebody whom you
    /// trust, and not together with the proof.
    #[arg(long, value_name = "KEY")]
    key: VerifierKey,
    /// The bytes that the proof is about [default: the file beside the proof that ends with
    /// `.preimage`].
    #[arg(long, value_name = "FILE")]
    preimage: Option<PathBuf>,
}

/// What was proved.
#[derive(Debug, PartialEq, Eq)]
struct Proved {
    origin: String,
    sequence: u64,
    size: u64,
    root: String,
    version: String,
    statement: String,
}

/// Runs the command.
///
/// # Errors
///
/// When a file cannot be read, or is of another form.
pub(crate) fn run(arguments: &Arguments, is_json: bool) -> Result<ExitCode> {
    let beside = arguments.file.with_extension(PREIMAGE);
    let preimage = arguments.preimage.as_deref().unwrap_or(&beside);
    let (proof, preimage) = (read(&arguments.file)?, read(preimage)?);
    let verified = verify(&proof, &preimage, &arguments.key);
    let verified = verified.with_context(|| arguments.file.display().to_string())?;
    match (verified, is_json) {
        (Ok(proved), true) => print(&as_json(&proved).to_string())?,
        (Ok(proved), false) => {
            let Proved { origin, sequence, size, version, statement, .. } = &proved;
            print(&format!("proved: statement {sequence} of {size} in {origin}"))?;
            print(&format!("it arrived with version {version}, and says:"))?;
            print(statement)?;
        }
        (Err(error), _) => {
            if is_json {
                let refused = json!({ "is_proved": false, "reason": error.to_string() });
                print(&refused.to_string())?;
            }
            say(&format!("not proved: {error}"));
            return Ok(ExitCode::from(1));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn as_json(proved: &Proved) -> Value {
    let statement: Value = serde_json::from_str(&proved.statement).unwrap_or_default();
    json!({
        "is_proved": true,
        "origin": proved.origin,
        "sequence": proved.sequence,
        "size": proved.size,
        "root": proved.root,
        "version": proved.version,
        "statement": statement,
    })
}

fn verify(
    proof: &[u8],
    preimage: &[u8],
    key: &VerifierKey,
) -> Result<Result<Proved, ProofFileError>> {
    let file = ProofFile::parse(proof)?;
    let salt: [u8; SALT_BYTES] =
        file.extra.as_slice().try_into().context("it has no salt of 16 bytes")?;
    let leaf = Entry::of_preimage(preimage, &salt).hash();
    let origin = Origin::from(key.name());
    let log_keys = std::slice::from_ref(key);
    let trust = Trust { origin: &origin, log_keys, witness_keys: &[], witness_count: 0 };
    let trusted = match file.verify(&leaf, &trust) {
        Ok(trusted) => trusted,
        Err(error) => return Ok(Err(error)),
    };
    let text = std::str::from_utf8(preimage).context("what is proved is not UTF-8")?;
    let (version, statement) = text.split_once('\n').context("what is proved has no version")?;
    Ok(Ok(Proved {
        origin: origin.to_string(),
        sequence: file.proof.index + 1,
        size: trusted.head.size,
        root: trusted.head.root.to_string(),
        version: version.to_owned(),
        statement: statement.to_owned(),
    }))
}

#[cfg(test)]
mod tests {
    use acta_merkle::{
        Checkpoint, InclusionProof, ProofError, SignatureError, SignedCheckpoint, Signer, TreeHead,
        preimage,
    };

    use super::*;

    const TEXT: &str = r#"{"id":"11111111-1111-4111-8111-111111111111"}"#;

    fn signer(seed: u8) -> Signer {
        Signer::from_seed("lrs.example/t/a/b".parse().unwrap(), &[seed; 32])
    }

    /// The only statement of a log.
    fn proof() -> ProofFile {
        let signer = signer(1);
        let root = Entry::of_preimage(&preimage("2.0.0", TEXT), &[7; 16]).hash();
        let origin = Origin::from(signer.verifier_key().name());
        let checkpoint = Checkpoint::new(origin, TreeHead { size: 1, root });
        ProofFile {
            extra: vec![7; 16],
            proof: InclusionProof { index: 0, path: Vec::new() },
            checkpoint: SignedCheckpoint::sign(&checkpoint, &signer).unwrap(),
        }
    }

    #[test]
    fn a_proof_is_of_one_text_and_one_key() {
        let (file, right) = (proof().to_string(), preimage("2.0.0", TEXT));
        let check =
            |text: &[u8], seed| verify(file.as_bytes(), text, signer(seed).verifier_key()).unwrap();
        let proved = check(&right, 1).unwrap();
        assert_eq!((proved.sequence, proved.size, proved.version.as_str()), (1, 1, "2.0.0"));
        assert_eq!(proved.statement, TEXT);
        assert_eq!(check(&preimage("1.0.3", TEXT), 1), Err(ProofError::Root.into()));
        assert_eq!(check(&right, 2), Err(SignatureError::Unsigned.into()));
    }

    #[test]
    fn a_proof_without_a_salt_is_refused() {
        let file = ProofFile { extra: Vec::new(), ..proof() }.to_string();
        let key = signer(1).verifier_key().clone();
        assert!(verify(file.as_bytes(), &preimage("2.0.0", TEXT), &key).is_err());
        assert!(verify(b"proof", &preimage("2.0.0", TEXT), &key).is_err());
    }
}
