//! What a turn may cost is checked before each call of the model.

use crate::{
    rig::{Asked, Plan, Rig},
    support::fake_openai::{FakeOpenAi, Reply, Rules},
    tools::babbler,
};
use openpista::domain::plan::Budget;
use serde_json::json;

fn greedy() -> FakeOpenAi {
    FakeOpenAi::answering(|request| match request.body.get("tools") {
        Some(_) => Reply::call("test_babble", json!({"n": request.messages().len()})),
        None => Reply::text("enough"),
    })
}

#[tokio::test]
async fn tokens_of_a_turn() {
    let fake = greedy();
    let budget = Budget { tokens_per_turn: Some(20_000), ..Budget::default() };
    let rig = Plan { budget, ..Plan::with([babbler()]).rounds(1000) }.on(&fake).await;
    let outcome = rig.turn("work").await;
    let (kind, words) = Rig::failed(&outcome);
    assert!(kind == "budget" && words.contains("tokens_per_turn"), "{kind} {words}");
    assert!(outcome.usage.total() < 20_000 + 4_000, "{:?}", outcome.usage);
    let requests = fake.requests();
    assert!(requests.iter().all(|r| r.body["max_tokens"].as_u64().is_some_and(|max| max <= 20_000)));
    // What was done is kept, and the next turn has a budget of its own.
    rig.assert_whole().await;
    let asked = requests.len();
    rig.turn("go on").await;
    assert!(fake.requests().len() > asked);
}

#[tokio::test]
async fn nothing_is_asked_when_the_question_alone_is_over_budget() {
    let fake = greedy();
    let budget = Budget { tokens_per_turn: Some(100), ..Budget::default() };
    let rig = Plan { budget, ..Plan::with([babbler()]) }.on(&fake).await;
    assert_eq!(Rig::failed(&rig.turn(&"word ".repeat(1000)).await).0, "budget");
    assert_eq!(fake.all_requests().len(), 0);
}

#[tokio::test]
async fn dollars_of_a_day() {
    let fake = greedy();
    let budget = Budget { usd_per_day: Some(0.05), ..Budget::default() };
    let mut plan = Plan { budget, ..Plan::with([babbler()]).rounds(1000) };
    plan.endpoint.price = Some((1.0, 2.0));
    let rig = plan.on(&fake).await;
    assert_eq!(Rig::failed(&rig.turn("work").await).0, "budget");
    let spent = rig.memory_spent().await;
    assert!(spent > 0.0 && spent < 0.06, "{spent}");
    // Over all sessions and turns of the day.
    let asked = fake.requests().len();
    let other = rig.new_session().await;
    let outcome = rig.agent.turn(rig.input_in(&other, &"more ".repeat(40_000), Default::default())).await;
    let (kind, words) = Rig::failed(&outcome);
    assert!(kind == "budget" && words.contains("usd_per_day"), "{kind} {words}");
    assert_eq!(fake.requests().len(), asked);
}

#[tokio::test]
async fn dollars_without_a_price_are_refused() {
    let fake = greedy();
    let budget = Budget { usd_per_day: Some(1.0), ..Budget::default() };
    let rig = Plan { budget, ..Plan::with([babbler()]) }.on(&fake).await;
    // A server on this machine costs nothing, so it has a price.
    assert_ne!(rig.turn("work").await.usage.usd, None);
}

#[tokio::test]
async fn summaries_are_paid_from_the_same_budget() {
    let fake =
        FakeOpenAi::answering_with(Rules::window(8192), |request| match request.results_behind("last") {
            Some(_) => Reply::text("a long answer ".repeat(120)),
            None => Reply::text("ok"),
        });
    let mut rig = Plan::default().window(8192).on(&fake).await;
    for text in ["a question ".repeat(690), "a question ".repeat(690), "last ".repeat(80)] {
        Rig::answered(&rig.turn(&text).await);
    }
    assert!(fake.requests().len() == 3 && fake.refusals().is_empty());
    rig.budget = Budget { tokens_per_turn: Some(1_000), ..Budget::default() };
    Rig::answered(&rig.turn("and?").await);
    assert!(rig.seen.notices().iter().any(|n| n.contains("were summarised")), "{:?}", rig.seen.notices());
    let requests = fake.requests();
    assert!(requests.iter().all(|r| !r.is_summary()), "a summary was made that the budget does not allow");
    let last = requests.last().expect("a request");
    assert!(last.messages()[1]["content"].as_str().is_some_and(|t| t.contains("- a question")), "{last:?}");
}

impl Rig {
    async fn memory_spent(&self) -> f64 {
        use openpista::domain::store::TurnStore;
        self.memory.spent_today("main").await.expect("a sum")
    }
}
