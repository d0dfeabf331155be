//! What the tries of one request leave to those of others.

use jiff::Timestamp;

use super::*;

struct NoTime;

impl Clock for NoTime {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    async fn sleep(&self, _: Duration) {}
}

impl Entropy for NoTime {
    fn bits(&self) -> u64 {
        0
    }
}

#[tokio::test]
async fn who_stopped_takes_no_retry_from_those_who_go_on() {
    let nobody = "http://127.0.0.1:1";
    let (url, base) = (Url::parse(nobody).unwrap(), Base::parse(nobody).unwrap());
    let caller = Caller::new(Some(&base), Environment::default(), NoTime, NoTime).unwrap();
    // Twice as often as the budget has retries.
    for _ in 0..20 {
        let asked = caller.ask(&url, b"{}".to_vec(), std::future::ready(())).await;
        assert!(matches!(asked, Err(Unread::Transport(TransportError::NotSent(_)))), "{asked:?}");
    }
    assert_eq!(caller.counters().read().retries, 0);
    caller.read(&url, &mut Vec::new()).await.unwrap_err();
    assert_eq!(caller.counters().read().retries, u64::from(retry::MAX_ATTEMPTS - 1));
}
