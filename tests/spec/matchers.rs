//! Each matcher holds where it should, fails where it should, and says so.

use super::{failure, passes};

#[test]
fn each_holds_and_its_opposite_does_not() {
    for (holds, does_not) in [
        ("expect({ 1, { a = 'x' } }).to_equal({ 1, { a = 'x' } })", "expect({ 1 }).to_equal({ 2 })"),
        ("expect(1).to_equal(1.0)", "expect(nil).to_equal(false)"),
        ("local t = {} expect(t).to_be(t)", "expect({}).to_be({})"),
        ("expect(nil).to_be_nil()", "expect(false).to_be_nil()"),
        ("expect(true).to_be_true()", "expect(1).to_be_true()"),
        ("expect(false).to_be_false()", "expect(nil).to_be_false()"),
        ("expect(0).to_be_truthy()", "expect(nil).to_be_truthy()"),
        ("expect(nil).to_be_falsy()", "expect('').to_be_falsy()"),
        ("expect('x').to_be_a('string')", "expect(1.5).to_be_a('integer')"),
        ("expect('a.b').to_contain('.')", "expect('ab').to_contain('.')"),
        ("expect({ { 1 }, 2 }).to_contain({ 1 })", "expect({ 1 }).to_contain(2)"),
        ("expect('ab1').to_match('%a+%d$')", "expect('ab').to_match('^b')"),
        ("expect({ a = false }).to_have_key('a')", "expect({ a = 1 }).to_have_key('b')"),
        ("expect({ 1, 2 }).to_have_length(2)", "expect('abc').to_have_length(2)"),
        (
            "expect({ a = 1, b = { c = 2, d = 3 } }).to_include({ b = { c = 2 } })",
            "expect({ a = 1 }).to_include({ a = 2 })",
        ),
        ("expect(2).to_be_greater_than(1)", "expect(1).to_be_greater_than(1)"),
        ("expect(1).to_be_less_than(2)", "expect(2).to_be_less_than(2)"),
        ("expect(1).to_be_at_least(1)", "expect(0).to_be_at_least(1)"),
        ("expect(1).to_be_at_most(1)", "expect(2).to_be_at_most(1)"),
        ("expect(0.1 + 0.2).to_be_near(0.3)", "expect(1).to_be_near(2, 0.5)"),
        ("expect(function() error('no way') end).to_raise('no way')", "expect(function() end).to_raise()"),
        (
            "expect(function() error('no (way)') end).to_raise('(way)')",
            "expect(function() error('x') end).to_raise('^y$')",
        ),
    ] {
        passes(holds);
        let opposite = |text: &str, word: &str| {
            let at = text.rfind(".to_").expect("a matcher");
            format!("{}.{word}{}", &text[..at], &text[at..])
        };
        passes(&opposite(does_not, "never"));
        passes(&opposite(does_not, "not_"));
        failure(does_not);
        failure(&opposite(holds, "never"));
    }
}

#[test]
fn failures_say_what_is_different() {
    let told =
        failure("expect({ a = 1, list = { 1, 2 }, gone = true }).to_equal({ a = 2, list = { 1, 3, 4 } })");
    for part in [
        "expected to equal:\n{ a = 2, list = { 1, 3, 4 } }",
        "but got:\n{ a = 1, gone = true, list = { 1, 2 } }",
        ".a: expected 2, got 1",
        ".gone: not expected, got true",
        ".list[2]: expected 3, got 2",
        ".list[3]: missing, expected 4",
    ] {
        assert!(told.contains(part), "{part:?} in {told}");
    }
    for (body, words) in [
        ("expect('abc').to_contain('x')", "expected \"abc\" to contain \"x\""),
        ("expect('abc').never.to_contain('b')", "expected \"abc\" not to contain \"b\""),
        ("expect(3).to_be_greater_than(4)", "expected 3 to be greater than 4"),
        ("expect('3').never.to_be_greater_than(4)", "expected a number greater than 4, got \"3\""),
        ("expect({ a = { b = 1 } }).to_include({ a = { b = 2 } })", ".a.b: expected 2, got 1"),
        ("expect(function() error('this') end).to_raise('that')", "it raised: a_spec.lua:2: this"),
        ("expect(function() end).to_raise('that')", "it raised nothing"),
        ("expect(1).to_raise()", "expected a function to call, got 1"),
        ("expect(1):to_equal(2)", "expected to equal:\n2\nbut got:\n1"),
    ] {
        let told = failure(body);
        assert!(told.contains(words), "{words:?} in {told}");
    }
}

#[test]
fn an_expectation_that_expects_nothing_fails() {
    assert!(failure("expect(1)").contains("without a matcher expects nothing"));
    assert!(failure("local _ = expect(1).never").contains("without a matcher expects nothing"));
    assert!(failure("expect()").contains("the value is missing"));
}

#[test]
fn a_wrong_name_fails_with_the_nearest() {
    assert!(failure("expect(1).to_eqal(1)").contains("no matcher \"to_eqal\" (did you mean \"to_equal\"?)"));
    assert!(failure("expect(1).toBeNil()").contains("did you mean \"to_be_nil\"?"));
}

#[test]
fn circles_are_compared() {
    passes("local a, b = {}, {} a.self, b.self = a, b expect(a).to_equal(b)");
}
