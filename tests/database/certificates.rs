//! Certificates of authorities and servers, made by `openssl`.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// An authority that signs certificates.
pub(crate) struct Authority(TempDir);

impl Authority {
    /// An authority of its own.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let arguments = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
                         -subj /CN=authority -keyout ca.key -out ca.pem";
        openssl(folder.path(), arguments);
        Self(folder)
    }

    /// The file with its certificate.
    pub(crate) fn file(&self) -> PathBuf {
        self.0.path().join("ca.pem")
    }

    /// A certificate and its key for a server, by name or address as in `DNS:localhost`.
    pub(crate) fn sign(&self, name: &str) -> (String, String) {
        let folder = self.0.path();
        std::fs::write(folder.join("extensions"), format!("subjectAltName={name}\n")).unwrap();
        let request = "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=server \
                       -keyout server.key -out server.csr";
        openssl(folder, request);
        let sign = "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
                    -extfile extensions -out server.pem";
        openssl(folder, sign);
        let read = |name| std::fs::read_to_string(folder.join(name)).unwrap();
        (read("server.pem"), read("server.key"))
    }
}

/// A certificate of version 1, without extensions, that has signed itself, and its key: as Citus
/// and many scripts make them.
pub(crate) fn version_1(key: &str) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let request =
        format!("req -new -newkey {key} -nodes -subj /CN=any -keyout any.key -out any.csr");
    openssl(folder, &request);
    openssl(folder, "x509 -req -in any.csr -signkey any.key -days 2 -out any.pem");
    let shown = openssl(folder, "x509 -in any.pem -noout -text");
    assert!(shown.contains("Version: 1 "), "another version of openssl: {shown}");
    let read = |name| std::fs::read_to_string(folder.join(name)).unwrap();
    (read("any.pem"), read("any.key"))
}

fn openssl(folder: &Path, arguments: &str) -> String {
    let mut command = Command::new("openssl");
    let output = command.args(arguments.split_whitespace()).current_dir(folder).output();
    let output = output.expect("openssl is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
