//! Runs processes on a virtual clock, one poll at a time, in an order that the
//! seed draws. Nothing waits for real: when nobody is ready, time jumps.

use std::collections::BinaryHeap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use crate::random::Random;

/// Virtual milliseconds.
pub type Millis = u64;

/// Who wants to be woken when.
#[derive(Default)]
pub struct Timers {
    heap: BinaryHeap<Timer>,
    pub now: Millis,
}

struct Timer {
    at: Millis,
    /// Drawn, so that timers of one instant fire in any order.
    order: u64,
    waker: Waker,
}

impl PartialEq for Timer {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}
impl Eq for Timer {}
impl PartialOrd for Timer {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Timer {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // The heap gives the largest first; the earliest timer must be that.
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

/// Shared by everything in a schedule.
pub type Shared<T> = Arc<Mutex<T>>;

/// Waits on the virtual clock.
pub struct Sleep {
    timers: Shared<Timers>,
    order: u64,
    until: Millis,
}

impl Sleep {
    pub fn new(timers: &Shared<Timers>, order: u64, duration: Millis) -> Self {
        let until = timers.lock().unwrap().now + duration;
        Self { timers: Arc::clone(timers), order, until }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut timers = self.timers.lock().unwrap();
        if timers.now >= self.until {
            return Poll::Ready(());
        }
        let timer = Timer { at: self.until, order: self.order, waker: cx.waker().clone() };
        timers.heap.push(timer);
        Poll::Pending
    }
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

type Work = Pin<Box<dyn Future<Output = ()>>>;

/// A process: its work, and whether it wants to be polled.
struct Process {
    work: Option<Work>,
    ready: Arc<Flag>,
    starts: Millis,
}

pub struct Runtime {
    timers: Shared<Timers>,
    processes: Vec<Process>,
    /// Makes the work of a process that starts.
    start: Box<dyn Fn(usize) -> Work>,
}

impl Runtime {
    pub fn new(
        timers: Shared<Timers>,
        count: usize,
        start: impl Fn(usize) -> Work + 'static,
    ) -> Self {
        let idle = || Process { work: None, ready: Arc::new(Flag(false.into())), starts: 0 };
        let processes = (0..count).map(|_| idle()).collect();
        Self { timers, processes, start: Box::new(start) }
    }

    /// Runs until the virtual time `end`. Before each poll a process is killed
    /// with that chance; it starts again, with nothing in memory, some seconds
    /// later.
    pub fn run_until(&mut self, end: Millis, kill: u64, random: &mut Random) -> u64 {
        let mut kills = 0;
        loop {
            let now = self.timers.lock().unwrap().now;
            for (id, process) in self.processes.iter_mut().enumerate() {
                if process.work.is_none() && process.starts <= now {
                    process.work = Some((self.start)(id));
                    process.ready.0.store(true, Ordering::Relaxed);
                }
            }
            let ready: Vec<usize> = (0..self.processes.len())
                .filter(|id| {
                    let process = &self.processes[*id];
                    process.work.is_some() && process.ready.0.load(Ordering::Relaxed)
                })
                .collect();
            if ready.is_empty() {
                let starts = self.processes.iter().filter(|p| p.work.is_none()).map(|p| p.starts);
                let next = self.timers.lock().unwrap().heap.peek().map(|timer| timer.at);
                let Some(next) = starts.chain(next).min() else { return kills };
                if next > end {
                    self.timers.lock().unwrap().now = end;
                    return kills;
                }
                self.advance(next);
                continue;
            }
            let process = &mut self.processes[ready[random.below(ready.len() as u64) as usize]];
            if random.permille(kill) {
                // Whatever was on its way goes on without its sender.
                process.work = None;
                process.starts = now + random.below(30_000);
                kills += 1;
                continue;
            }
            process.ready.0.store(false, Ordering::Relaxed);
            let waker = Waker::from(Arc::clone(&process.ready));
            let mut context = Context::from_waker(&waker);
            let work = process.work.as_mut().unwrap();
            if work.as_mut().poll(&mut context).is_ready() {
                process.work = None;
                process.starts = now + random.below(30_000);
            }
        }
    }

    fn advance(&self, to: Millis) {
        let mut due = Vec::new();
        {
            let mut timers = self.timers.lock().unwrap();
            timers.now = timers.now.max(to);
            while timers.heap.peek().is_some_and(|timer| timer.at <= to) {
                due.extend(timers.heap.pop());
            }
        }
        for timer in due {
            timer.waker.wake();
        }
    }
}
