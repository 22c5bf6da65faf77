//! Certificates of authorities and servers, made by `openssl`.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// How `openssl` makes a certificate that ended long ago: only this command takes both times.
const EXPIRED: &str = "[ca]
default_ca = any
[any]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = policy
[policy]
commonName = supplied
";

/// An authority that signs certificates.
#[derive(Debug)]
pub struct Authority(TempDir);

impl Authority {
    /// An authority of its own.
    #[expect(clippy::new_without_default, reason = "one that starts processes")]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a directory can be made");
        let arguments = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
                         -subj /CN=authority -keyout ca.key -out ca.pem";
        openssl(folder.path(), arguments);
        Self(folder)
    }

    /// The file with its certificate.
    pub fn file(&self) -> PathBuf {
        self.0.path().join("ca.pem")
    }

    /// A certificate and its key for a server, by name or address as in `DNS:localhost`.
    pub fn sign(&self, name: &str) -> (String, String) {
        self.sign_for_days(2, name)
    }

    /// As [`Authority::sign`], but the certificate is valid for so many days from now on.
    pub fn sign_for_days(&self, days: u32, name: &str) -> (String, String) {
        let folder = self.request(name);
        let sign = format!(
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days {days} \
             -extfile extensions -out server.pem"
        );
        openssl(folder, &sign);
        (read(folder, "server.pem"), read(folder, "server.key"))
    }

    /// As [`Authority::sign`], but the certificate ended in the year 2020.
    pub fn sign_expired(&self, name: &str) -> (String, String) {
        let folder = self.request(name);
        write(folder, "expired.cnf", EXPIRED);
        write(folder, "index.txt", "");
        let sign = "ca -batch -config expired.cnf -cert ca.pem -keyfile ca.key -in server.csr \
                    -extfile extensions -startdate 20200101000000Z -enddate 20200201000000Z \
                    -notext -out server.pem";
        openssl(folder, sign);
        (read(folder, "server.pem"), read(folder, "server.key"))
    }

    /// Makes a new key and a request to sign it.
    fn request(&self, name: &str) -> &Path {
        let folder = self.0.path();
        write(folder, "extensions", &format!("subjectAltName={name}\n"));
        let request = "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=server \
                       -keyout server.key -out server.csr";
        openssl(folder, request);
        folder
    }
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).expect("openssl has written it")
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("a file can be written");
}

/// Runs `openssl` in a folder, with arguments that are separated by blanks. Returns what it prints.
pub fn openssl(folder: &Path, arguments: &str) -> String {
    let mut command = Command::new("openssl");
    let output = command.args(arguments.split_whitespace()).current_dir(folder).output();
    let output = output.expect("openssl is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
