//! A certificate for `localhost`, by an authority that is made for it.

use std::path::Path;
use std::process::Command;

/// The authority's certificate.
pub(super) const AUTHORITY: &str = "authority.pem";

/// The certificate with its key, as Asterisk wants them.
pub(super) const OWN: &str = "ami.pem";

/// Makes both in a folder.
pub(super) fn make(folder: &Path) {
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout"];
    let authority = ["authority.key", "-x509", "-days", "2", "-subj", "/CN=Test", "-out", AUTHORITY];
    openssl(folder, &[&["req"], &key[..], &authority].concat());
    openssl(
        folder,
        &[&["req"], &key[..], &["own.key", "-subj", "/CN=localhost", "-out", "own.csr"]].concat(),
    );
    std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost\n").expect("a file");
    let signed =
        ["x509", "-req", "-in", "own.csr", "-CA", AUTHORITY, "-CAkey", "authority.key", "-CAcreateserial"];
    openssl(folder, &[&signed[..], &["-days", "2", "-extfile", "names", "-out", "own.pem"]].concat());
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect("openssl made it");
    std::fs::write(folder.join(OWN), read("own.key") + &read("own.pem")).expect("a file");
}

fn openssl(folder: &Path, arguments: &[&str]) {
    let made =
        Command::new("openssl").args(arguments).current_dir(folder).output().expect("openssl is installed");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}
