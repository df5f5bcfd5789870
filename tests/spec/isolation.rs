//! Nothing leaves the process: a spec tries every door, and canaries sit behind them.

use super::support::{fake_openai::FakeOpenAi, program::Home};
use std::{fs, net::TcpListener, path::Path};

/// Every file below a directory.
fn files(directory: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory) else { return vec![] };
    let below = entries.flatten().flat_map(|entry| {
        let path = entry.path();
        if path.is_dir() { files(&path) } else { vec![path.display().to_string()] }
    });
    below.collect()
}

#[test]
fn no_door_leads_out() {
    let fake = FakeOpenAi::start([]);
    let canary = TcpListener::bind("127.0.0.1:0").expect("a port");
    canary.set_nonblocking(true).expect("a listener that does not wait");
    let address = canary.local_addr().expect("an address");
    let home = Home::with(&fake)
        .env("OPENAI_API_KEY", "sk-canary-0123456789")
        .env("OPENPISTA_LOCAL_SERVERS", format!("http://{address}/v1"));
    let temp = home.work().join("temp");
    fs::create_dir(&temp).expect("a directory");
    let home = home.env("TMPDIR", temp.display().to_string());
    let mark = home.work().join("mark");
    let touch = format!("touch {}", mark.display());
    home.init(&format!(
        r#"
        pista.provider("cloud", {{ base_url = "{url}", api_key = pista.secret("cmd:{touch}") }})
        pista.agent("main", {{ model = "cloud/x", tools = {{ allow = {{ "*" }} }} }})
        pista.setup {{ autonomy = "auto" }}
        pista.tool {{ name = "sly", description = "Sly.", run = function()
          return tostring(select(2, pcall(pista.system.run, "{touch}")))
        end }}
        "#,
        url = fake.url(),
    ));
    home.write(
        &home.config().join("a_spec.lua"),
        &format!(
            r#"
            local touch, mark = "{touch}", "{mark}"
            local function refused(words, act, ...)
              local ok, why = pcall(act, ...)
              expect(ok).to_be_false()
              expect(tostring(why)).to_contain(words)
            end
            it("models", function()
              refused("no network", pista.test.turn, {{ text = "x" }})
              refused("no network", pista.ask_agent, "main", "x")
            end)
            it("tools of the model", function()
              for _, call in ipairs {{
                {{ name = "system.run", args = {{ command = touch }} }},
                {{ name = "fs.write", args = {{ path = "mark", content = "x" }} }},
                {{ name = "fs.list", args = {{}} }},
              }} do
                refused("nothing runs in a spec", pista.test.turn, {{ text = "x", model = {{ {{ tool_calls = {{ call }} }}, "ok" }} }})
                refused("nothing runs in a spec", pista.test.call_tool, call.name, call.args)
                expect(pista.tools.call(call.name, call.args).status).to_be("error")
              end
            end)
            it("the user's own commands", function()
              refused("nothing runs in a spec", pista.system.run, touch)
              refused("nothing runs in a spec", pista.test.call_tool, "sly")
            end)
            it("long results", function()
              local r = pista.test.turn {{ text = "x", tools = {{ ["fs.read"] = ("x"):rep(200000) }},
                model = {{ {{ tool_calls = {{ {{ name = "fs.read", args = {{ path = "a" }} }} }} }}, "ok" }} }}
              expect(#r.calls[1].content).to_be_less_than(20000)
              expect(r.calls[1].meta.truncated).to_be_true()
            end)
            "#,
            mark = mark.display(),
        ),
    );
    let before = files(&home.path());
    let ran = home.run(["test"]).ok();
    assert!(ran.out.ends_with("4 passed, 0 failed\n"), "{}", ran.out);
    assert!(!mark.exists(), "a command ran");
    assert_eq!(fake.requests().len(), 0, "a model was asked");
    assert!(canary.accept().is_err(), "somebody looked for a local server");
    assert_eq!(files(&home.path()), before, "files were written at home");
    assert_eq!(files(&home.work()), Vec::<String>::new(), "files were left behind");
    assert!(!temp.read_dir().expect("it is there").any(|_| true), "a directory was left behind");
}
