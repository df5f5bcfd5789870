//! Specs that a reload has to pass.

use openpista::app::{Flags, Loaded, specs};

async fn required(spec: Option<&str>) -> Result<specs::Summary, String> {
    let dir = tempfile::tempdir().expect("a directory");
    let init = dir.path().join("init.lua");
    std::fs::write(&init, "pista.setup { reload = { require_tests = true }, log = 'off' }").expect("a file");
    if let Some(text) = spec {
        std::fs::write(dir.path().join("a_spec.lua"), text).expect("a file");
    }
    let loaded = Loaded::load(Flags::new(Some(init))).await.expect("it loads");
    assert!(loaded.settings.reload.require_tests);
    let outcome = specs::required(&loaded).await.map_err(|error| error.to_string());
    loaded.close().await;
    outcome
}

#[tokio::test]
async fn failing_specs_block_and_are_told() {
    let passed = required(Some("it('a', function() end)")).await.expect("they pass");
    assert_eq!((passed.passed, passed.failed), (1, 0));
    let error = required(Some("it('a', function() end)\nit('b', function() expect(1).to_be(2) end)"));
    let error = error.await.expect_err("one fails");
    assert!(
        error.contains("1 passed, 1 failed") && error.contains("a_spec.lua:2: b: expected to be"),
        "{error}"
    );
    assert!(!error.contains('\n'), "one line: {error}");
    assert!(required(None).await.expect_err("there are none").contains("there are no specs"));
}
