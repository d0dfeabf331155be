//! Everybody who hears of a change of state: the log, and a webhook.

use super::log;
use crate::clock::{Clock, SystemClock};
use crate::watch::webhook::Webhook;
use crate::watch::{Listener, News, Severity};

/// The log and, where there is one, the webhook.
pub(super) struct Telling {
    pub(super) clock: SystemClock,
    pub(super) webhook: Option<Webhook>,
}

impl Telling {
    /// Tells of something that is about no single model.
    pub(super) fn tell(&self, severity: Severity, code: &'static str, message: String) {
        let at = self.clock.now();
        self.hear(&News { severity, code, key: None, job: None, reason: None, message, at });
    }
}

impl Listener for Telling {
    fn hear(&self, news: &News) {
        log::log(news);
        if let Some(webhook) = &self.webhook {
            webhook.post(news);
        }
    }
}
