//! Certificates as Citus and many scripts make them.

use acta_tests::certificates::openssl;

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
