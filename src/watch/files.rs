//! The manifest files, by polling.
use crate::clock::Clock;
use crate::manifest::{Manifests, Rejected, Settings};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::watch::{Receiver, Sender};
#[derive(Debug)]
pub struct Snapshot {
    pub result: Result<Arc<Manifests>, Rejected>,
    pub serial: u64,
    pub parsed: usize,
    pub polling: Option<String>,
}
pub struct Files {
    rx: Receiver<Arc<Snapshot>>,
}
impl Files {
    pub fn start<C: Clock + 'static>(paths: Vec<PathBuf>, settings: Settings, clock: C) -> Self {
        let load = move |serial| {
            Arc::new(Snapshot {
                result: crate::manifest::load(&paths, &settings).into_result().map(Arc::new),
                serial,
                parsed: 0,
                polling: None,
            })
        };
        let (tx, rx) = tokio::sync::watch::channel(load(0));
        let tx: Sender<_> = tx;
        tokio::spawn(async move {
            let mut serial = 0;
            loop {
                clock.sleep(std::time::Duration::from_millis(500)).await;
                let new = load(serial + 1);
                let same = match (&tx.borrow().result, &new.result) {
                    (Ok(a), Ok(b)) => a.desired == b.desired,
                    (Err(_), Err(_)) => true,
                    _ => false,
                };
                if !same {
                    serial += 1;
                    tx.send_replace(new);
                }
            }
        });
        Self { rx }
    }
    pub fn snapshots(&self) -> Receiver<Arc<Snapshot>> {
        self.rx.clone()
    }
    pub async fn first(&self) -> Arc<Snapshot> {
        self.rx.borrow().clone()
    }
    pub async fn look_now(&self) {}
}
