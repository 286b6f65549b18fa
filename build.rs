//! How the binary is linked.

#[expect(clippy::disallowed_methods, reason = "a build script is told in the environment what it builds for")]
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |key: &str, value: &str| std::env::var(key).is_ok_and(|found| found == value);
    // The addresses that are filled in at the start are listed in a few kilobytes instead of 1.3 MB. glibc reads such
    // lists since 2.36 (Debian 12).
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}
