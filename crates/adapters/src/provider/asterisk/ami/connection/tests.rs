//! Against a manager interface that says what each test wants.

use domain::secret::Secret;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;

use super::*;

/// What is answered to an action, by its name; `{id}` is replaced by that of the action.
type Script = fn(&str) -> &'static str;

/// A manager interface at a port of its own, for one connection.
async fn manager(greeting: &'static str, script: Script) -> AmiSettings {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (reader, mut writer) = stream.into_split();
        writer.write_all(greeting.as_bytes()).await.unwrap();
        let (mut lines, mut action, mut id) = (BufReader::new(reader).lines(), String::new(), String::new());
        while let Ok(Some(line)) = lines.next_line().await {
            match line.split_once(": ") {
                Some(("Action", name)) => name.clone_into(&mut action),
                Some(("ActionID", number)) => number.clone_into(&mut id),
                Some(_) => {}
                None => {
                    let answer = script(&action);
                    let (answer, hangs_up) = match answer.strip_suffix("hang up") {
                        Some(answer) => (answer, true),
                        None => (answer, false),
                    };
                    let answer = answer.replace("{id}", &id).replace('\n', "\r\n");
                    writer.write_all(answer.as_bytes()).await.unwrap();
                    if hangs_up {
                        return;
                    }
                }
            }
        }
    });
    AmiSettings { address, tls: false, username: "kontur".to_owned(), secret: Secret::new("s") }
}

const GREETING: &str = "Asterisk Call Manager/9.0.0\r\n";

/// Lets everybody in.
fn friendly(action: &str) -> &'static str {
    match action {
        "Challenge" => "Response: Success\nActionID: {id}\nChallenge: 1\n\n",
        "Login" => "Response: Success\nActionID: {id}\n\nEvent: FullyBooted\n\n",
        "CoreShowChannels" => {
            "Response: Success\nActionID: {id}\nEventList: start\n\nEvent: CoreShowChannel\nActionID: {id}\n\nEvent: CoreShowChannelsComplete\nActionID: {id}\n\n"
        }
        _ => "hang up",
    }
}

#[tokio::test]
async fn what_comes_with_an_answer_is_heard_after_it() {
    let settings = manager(GREETING, friendly).await;
    let (connection, mut heard) = connect(&settings, Events::On).await.unwrap();
    let answer = heard.answer(connection.ask("list", &Action::new("CoreShowChannels"))).await.unwrap();
    assert!(is_success(&answer));
    for expected in ["FullyBooted", "CoreShowChannel", "CoreShowChannelsComplete"] {
        assert_eq!(heard.event().await.unwrap().event(), Some(expected));
    }
}

#[tokio::test]
async fn whoever_waits_for_an_answer_hears_that_the_connection_is_lost() {
    let settings = manager(GREETING, friendly).await;
    let (connection, mut heard) = connect(&settings, Events::On).await.unwrap();
    let ping = Action::new("Ping");
    let (asked, lost) = tokio::join!(connection.ask("ping", &ping), async {
        let lost = loop {
            if let Err(error) = heard.event().await {
                break error;
            }
        };
        drop(heard);
        lost
    });
    assert_eq!(asked.unwrap_err().kind, RemoteErrorKind::Interrupted);
    assert_eq!(lost.kind, RemoteErrorKind::Interrupted);
    let later = connection.ask("ping", &ping).await;
    assert_eq!(later.unwrap_err().kind, RemoteErrorKind::Interrupted, "nobody reads any more");
}

async fn refusal(greeting: &'static str, script: Script) -> RemoteError {
    let settings = manager(greeting, script).await;
    connect(&settings, Events::On).await.err().expect("refused")
}

#[tokio::test]
async fn a_refused_login_says_what_to_look_at() {
    let error = refusal(GREETING, |action| match action {
        "Challenge" => friendly(action),
        _ => "Response: Error\nActionID: {id}\nMessage: Authentication failed\n\nhang up",
    })
    .await;
    assert_eq!(error.kind, RemoteErrorKind::Unauthorized);
    assert!(
        error.message.contains("Authentication failed") && error.message.contains("ami.secret"),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_no_asterisk_is_told_from_one() {
    let error = refusal("220 mail.example.ru ESMTP\r\n", friendly).await;
    assert_eq!(error.kind, RemoteErrorKind::Rejected);
    let error = refusal(GREETING, |_| "Response: Success\nActionID: {id}\n\n").await;
    assert_eq!(error.kind, RemoteErrorKind::Malformed, "no challenge");
    let error = refusal(GREETING, |_| "hang up").await;
    assert_eq!(error.kind, RemoteErrorKind::Interrupted);
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let settings =
        AmiSettings { address, tls: false, username: "kontur".to_owned(), secret: Secret::new("s") };
    let error = connect(&settings, Events::On).await.err().unwrap();
    assert_eq!(error.kind, RemoteErrorKind::Unreachable);
}
