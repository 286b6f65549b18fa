//! The disk gets full while calls come in, and has room again. The database is on a small file system of its own, which
//! only the server sees: a real disk, really full.

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::room;
use crate::harness::Company;

/// What the file system holds, database and all.
const SIZE: &str = "size=8m";

/// The folder of the database, in the server's.
const FOLDER: &str = "disk";

/// Mounts, then becomes the server. Arguments: the options, the folder, the server's command.
const MOUNT: &str = r#"mount -t tmpfs -o "$1" tmpfs "$2" && shift 2 && exec "$@""#;

/// A namespace of mounts, with the least that has to be allowed first.
const NAMESPACES: [&[&str]; 2] = [&["--mount"], &["--map-root-user", "--mount"]];

#[tokio::test]
async fn a_full_disk_refuses_what_comes_and_loses_nothing_that_was_taken() {
    let company = on_a_small_disk().await;
    // Told while there is room; its outcome is known when there is none.
    let mut taken = vec![room::under_way(&company, Duration::from_millis(1_500)).await];
    let filler = fill(&company);
    let (refused, number) = room::until_refused(&company, 2, &mut taken).await;
    room::check_refusal(refused);
    room::check_alive_but_not_ready(&company).await;

    std::fs::remove_file(filler).expect("the filler can be removed");
    taken.push(room::tell_patiently(&company, number).await);
    room::check_ready(&company).await;
    company.settle().await;
    room::check_everything(&company, &taken);
}

/// A company whose server has its database on a small disk.
async fn on_a_small_disk() -> Company {
    let plan = Company::plan().edit(|configuration, _| {
        let url = configuration["database_url"].as_str().expect("a URL");
        let url = url.replace("kontur-telephony.db", &format!("{FOLDER}/kontur-telephony.db"));
        configuration.insert("database_url".into(), url.into());
    });
    plan.launch_by(|directory| {
        let folder = directory.join(FOLDER);
        std::fs::create_dir(&folder).expect("a folder");
        let mut command = vec!["unshare".to_owned()];
        command.extend(allowed(&folder).iter().map(|option| (*option).to_owned()));
        command.extend(["sh", "-c", MOUNT, "sh", SIZE, &text(&folder)].map(str::to_owned));
        command
    })
    .start()
    .await
}

/// The options with which a file system can be mounted here.
fn allowed(folder: &Path) -> &'static [&'static str] {
    let works = |options: &&&[&str]| {
        let mut command = Command::new("unshare");
        command.args(**options).args(["sh", "-c", MOUNT, "sh", SIZE, &text(folder), "true"]);
        command.output().is_ok_and(|tried| tried.status.success())
    };
    NAMESPACES.iter().find(works).expect("unshare is installed, and may mount in a namespace of its own")
}

fn text(path: &Path) -> String {
    path.to_str().expect("the path is text").to_owned()
}

/// Fills the server's disk to the last byte; gives the file that does.
fn fill(company: &Company) -> PathBuf {
    let server = &company.server;
    let inside = server.directory().join(FOLDER).join("filler");
    let seen_by_server = inside.strip_prefix("/").expect("the path is absolute");
    let root = PathBuf::from(format!("/proc/{}/root", server.pid().expect("the server runs")));
    let path = root.join(seen_by_server);
    let mut file = std::fs::File::create(&path).expect("the server's disk is seen");
    for size in [64 * 1024, 512, 1] {
        let block = vec![b'x'; size];
        loop {
            match file.write(&block) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => break,
                Err(error) => panic!("the disk cannot be filled: {error}"),
            }
        }
    }
    path
}
