//! A daemon that nobody talks to.

use crate::support::{daemon::Daemon, fake_openai::FakeOpenAi, program::Home};
use std::time::Duration;

/// As long as this it has nothing to do: jobs and channels are looked after, files are watched.
const QUIET: Duration = Duration::from_secs(4);

#[test]
fn no_model_is_asked_without_a_message_or_a_job() {
    let fake = FakeOpenAi::start([]);
    let home = Home::with(&fake);
    home.init(
        "pista.agent('main', { prompt = 'be brief' })\n\
         pista.channel('phone', { users = { 'ada' }, start = function() while true do pista.sleep(0.1) end end, \
         send = function() end })\n\
         pista.cron('yearly', { at = '0 0 1 1 *', prompt = 'happy new year' })",
    );
    let daemon = Daemon::start(&home);
    // The passing of time is what is tested.
    std::thread::sleep(QUIET);
    daemon.reload().ok();
    assert_eq!(daemon.status()["generation"], 2);
    daemon.stop().ok();
    let chats = fake.all_requests().into_iter().filter(|request| request.method == "POST").count();
    assert_eq!(chats, 0, "{:?}", fake.all_requests());
}
