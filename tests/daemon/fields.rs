//! What each request is answered with has the fields that `docs/protocol.schema.json` names.

use crate::{
    protocol_schema::{Schema, schema},
    support::{
        daemon::{Daemon, soon},
        fake_openai::{FakeOpenAi, Reply},
        program::Home,
    },
};
use openpista::{
    domain::secret::Secret,
    quic::{
        Client,
        protocol::{Answer, Request},
    },
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs};

const INIT: &str = r#"
pista.command("hi", { help = "Says hi." }, function() return "hi" end)
pista.cron("daily", { at = "0 9 * * *" }, function() end)
pista.channel("hook", { kind = "http", listen = "127.0.0.1:0", token = pista.secret("env:HOOK_TOKEN") })
"#;

/// Asks, checks every frame, answers what is asked with yes: the result.
async fn ask(client: &Client, schema: &Schema, request: &Value) -> Value {
    let name = request["type"].as_str().unwrap().to_owned();
    schema.check("request", request);
    let asked = Request::decode(request.to_string().as_bytes()).unwrap();
    let mut answers = client.request(&asked).await.unwrap();
    loop {
        let frame = answers.next().await.unwrap_or_else(|error| panic!("{request}: {error}"));
        let json = serde_json::to_value(&frame).unwrap();
        schema.check("frame", &json);
        match frame {
            Answer::Approval { id, .. } => {
                let status = client.ask(&Request::Status {}).await.unwrap();
                assert_eq!(status["questions"].as_array().map(Vec::len), Some(1), "{status}");
                schema.check("result.status", &status);
                let answer = json!({ "type": "approval", "id": id, "answer": "yes" });
                let answer = Request::decode(answer.to_string().as_bytes()).unwrap();
                schema.check("result.approval", &client.ask(&answer).await.unwrap());
            }
            Answer::Done { result } => {
                schema.check(&format!("result.{name}"), &result);
                return result;
            }
            _ => {}
        }
    }
}

#[test]
fn every_answer_has_the_fields_of_the_schema() {
    let write = json!({ "path": "a.txt", "content": "a" });
    let fake =
        FakeOpenAi::start([Reply::call("fs_write", write), Reply::text("written"), Reply::text("and again")]);
    let home = Home::with(&fake).env("HOOK_TOKEN", "0123456789abcdef0123456789abcdef");
    let init = home.init(INIT);
    let daemon = Daemon::start(&home);
    let schema = schema();
    soon(async {
        let client = daemon.connect().await;
        let of = async |request: Value| ask(&client, &schema, &request).await;
        of(json!({ "type": "ping" })).await;
        let answered = of(json!({ "type": "message", "text": "write", "session": "s" })).await;
        of(json!({ "type": "message", "text": "/hi" })).await;
        of(json!({ "type": "cancel", "session": "s" })).await;
        of(json!({ "type": "sessions", "limit": 3 })).await;
        let found = of(json!({ "type": "session", "session": "s", "fresh": false })).await;
        assert_eq!(found["session"]["id"], answered["session"]);
        let said = of(json!({ "type": "transcript", "session": "s", "limit": 50 })).await;
        assert!(said["messages"].as_array().unwrap().len() >= 4, "{said}");
        of(json!({ "type": "commands" })).await;
        of(json!({ "type": "tools", "session": "s" })).await;
        for code in ["return 1", "x = 1", "error('no')", "return {"] {
            of(json!({ "type": "eval", "code": code })).await;
        }
        of(json!({ "type": "complete", "line": "pista.lo", "at": 8 })).await;
        of(json!({ "type": "complete", "line": "/h", "at": 2 })).await;
        fs::write(&init, format!("{INIT}\n-- changed")).unwrap();
        of(json!({ "type": "reload" })).await;
        let code = of(json!({ "type": "pair", "role": "user", "name": "phone" })).await;
        let devices = of(json!({ "type": "devices" })).await;
        let own = devices["devices"][0]["id"].clone();
        assert!(code["code"].is_string() && own.is_string(), "{code} {devices}");
        fs::write(&init, "this is no Lua").unwrap();
        assert!(client.ask(&Request::Reload {}).await.is_err());
        of(json!({ "type": "status" })).await;
        assert_eq!(revoked(&daemon, &schema, &code).await, 1);
    });
    let stopped = soon(async {
        let client = daemon.connect().await;
        ask(&client, &schema, &json!({ "type": "stop" })).await
    });
    assert_eq!(stopped["pid"], daemon.id());
    daemon.wait().ok();
    seen(&schema);
}

/// Pairs a device and shuts it out: how many devices are shut out.
async fn revoked(daemon: &Daemon, schema: &Schema, code: &Value) -> usize {
    let (target, _) = daemon.way();
    let code = code["code"].as_str().unwrap().to_owned();
    let (_paired, _) = Client::pair(target, Secret::new(code), None).await.unwrap();
    let owner = daemon.connect().await;
    let devices = ask(&owner, schema, &json!({ "type": "devices" })).await;
    let phone = devices["devices"].as_array().unwrap().iter().find(|device| device["name"] == "phone");
    let request = json!({ "type": "revoke", "device": phone.unwrap()["id"] });
    ask(&owner, schema, &request).await;
    let devices = ask(&owner, schema, &json!({ "type": "devices" })).await;
    let gone = devices["devices"].as_array().unwrap().iter().filter(|device| device["revoked_ms"].is_i64());
    gone.count()
}

/// Fields that no answer here has: tokens of workers alone end by themselves, while one works.
const ELSEWHERE: &[&str] = &["device.expires_ms", "result.status.database"];

/// That every field of the results, and of what is in them, was in one of the answers.
fn seen(schema: &Schema) {
    let results = schema.names("result.").into_iter().map(|name| format!("result.{name}"));
    let objects = ["session", "device", "tool", "command", "job", "open_question"].map(str::to_owned);
    let mut unseen = BTreeSet::new();
    for name in results.chain(objects) {
        unseen.extend(schema.unseen(&name).into_iter().map(|field| format!("{name}.{field}")));
    }
    unseen.retain(|field| !ELSEWHERE.contains(&field.as_str()));
    assert!(unseen.is_empty(), "the schema has fields that no answer had: {unseen:?}");
}
