//! Who may ask what, and who is who.

use super::support::*;
use openpista::{
    domain::{JsonMap, approval::Approval, device::Role},
    quic::{
        ClientError,
        protocol::{Kind, Request, WorkerRequest},
    },
};

fn everything() -> Vec<(Request, [bool; 3])> {
    let (all, people, owner, worker) =
        ([true; 3], [true, true, false], [true, false, false], [false, false, true]);
    vec![
        (Request::Ping {}, all),
        (message("echo hi"), people),
        (Request::Cancel { session: "s".into() }, people),
        (Request::Approval { id: "a".into(), answer: Approval::Yes }, people),
        (Request::Status {}, people),
        (Request::Sessions { limit: None }, people),
        (Request::Eval { code: "return 1".into() }, owner),
        (Request::Complete { line: "pi".into(), at: 2 }, owner),
        (Request::Reload {}, owner),
        (Request::Pair { role: Role::User, name: None }, owner),
        (Request::Devices {}, owner),
        (Request::Stop {}, owner),
        (Request::Worker(WorkerRequest { action: "model".into(), body: JsonMap::new() }), worker),
    ]
}

#[tokio::test]
async fn each_role_may_ask_its_own_and_nothing_else() {
    let place = place().await;
    for (column, role) in [Role::Owner, Role::User, Role::Worker].into_iter().enumerate() {
        let (token, device) = device(&place.memory, role).await;
        let client = place.client_as(&token).await;
        let welcome = client.welcome().await;
        assert_eq!((welcome.role, welcome.device, welcome.generation), (role, device.id, 7));
        for (request, allowed) in everything() {
            let result = soon(client.ask(&request)).await;
            match (allowed[column], result) {
                (true, Ok(_)) => {}
                (false, Err(ClientError::Refused(refusal))) => {
                    assert_eq!(refusal.kind, Kind::Forbidden, "{role} {request:?}: {refusal}");
                    assert!(refusal.message.contains(role.as_str()), "{refusal}");
                }
                (_, result) => panic!("{role} {request:?}: {result:?}"),
            }
        }
    }
}

/// Who asks is known from the token. There is no field to say otherwise.
#[tokio::test]
async fn claims_are_refused_or_only_a_label() {
    let place = place().await;
    let (token, user) = device(&place.memory, Role::User).await;
    let bare = place.bare().await;
    bare.exchange(&hello(token.expose())).await;
    for claim in [
        r#"{"type":"message","text":"echo hi","device":"other"}"#,
        r#"{"type":"message","text":"echo hi","user":"root"}"#,
        r#"{"type":"status","role":"owner"}"#,
    ] {
        assert_eq!(refusal(&bare.exchange(&framed(claim.as_bytes())).await).kind, Kind::Request, "{claim}");
    }
    let client = place.client_as(&token).await;
    let done = soon(client.ask(&message("echo hi"))).await.unwrap();
    assert_eq!(done["device"], user.id.as_str());
}
