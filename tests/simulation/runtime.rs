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
    /// For how long each process has stood still.
    pub stood: Vec<Millis>,
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
    /// Until when it stands still: a machine that sleeps, a container that is
    /// not scheduled.
    still: Millis,
}

impl Process {
    fn wants(&self) -> bool {
        self.work.is_some() && self.ready.0.load(Ordering::Relaxed)
    }
}

/// How often processes come to harm, of a thousand polls.
#[derive(Debug, Clone, Copy, Default)]
pub struct Harm {
    /// They die, and start again with nothing in memory.
    pub kill: u64,
    /// They stand still.
    pub pause: u64,
    /// For how long at the most.
    pub longest_pause: Millis,
}

/// What harm came to them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Harmed {
    pub kills: u64,
    pub longest_pause: Millis,
}

pub struct Runtime {
    timers: Shared<Timers>,
    processes: Vec<Process>,
    /// Makes the work of a process that starts.
    start: Box<dyn Fn(usize) -> Work>,
    /// Longest time until a process starts again.
    restart: Millis,
    pub harmed: Harmed,
}

impl Runtime {
    pub fn new(
        timers: Shared<Timers>,
        count: usize,
        restart: Millis,
        start: impl Fn(usize) -> Work + 'static,
    ) -> Self {
        let idle =
            || Process { work: None, ready: Arc::new(Flag(false.into())), starts: 0, still: 0 };
        let processes = (0..count).map(|_| idle()).collect();
        timers.lock().unwrap().stood = vec![0; count];
        Self { timers, processes, start: Box::new(start), restart, harmed: Harmed::default() }
    }

    /// Runs until the virtual time `end`. Before each poll the process may come
    /// to harm.
    pub fn run_until(&mut self, end: Millis, harm: Harm, random: &mut Random) {
        loop {
            let now = self.timers.lock().unwrap().now;
            let mut ready = 0;
            for (id, process) in self.processes.iter_mut().enumerate() {
                if process.work.is_none() && process.starts <= now {
                    process.work = Some((self.start)(id));
                    process.ready.0.store(true, Ordering::Relaxed);
                }
                ready += u64::from(process.still <= now && process.wants());
            }
            if ready == 0 {
                let Some(next) = self.next(now) else { return };
                if next > end {
                    self.timers.lock().unwrap().now = end;
                    return;
                }
                self.advance(next);
                continue;
            }
            let drawn = if ready == 1 { 0 } else { random.below(ready) } as usize;
            let able =
                |(_, process): &(usize, &mut Process)| process.still <= now && process.wants();
            let (id, process) =
                self.processes.iter_mut().enumerate().filter(able).nth(drawn).unwrap();
            if harm.kill > 0 && random.permille(harm.kill) {
                // Whatever was on its way goes on without its sender.
                process.work = None;
                process.starts = now + random.below(self.restart);
                self.harmed.kills += 1;
                continue;
            }
            if harm.pause > 0 && random.permille(harm.pause) {
                let pause = random.below(harm.longest_pause + 1);
                process.still = now + pause;
                self.timers.lock().unwrap().stood[id] += pause;
                self.harmed.longest_pause = self.harmed.longest_pause.max(pause);
                continue;
            }
            process.ready.0.store(false, Ordering::Relaxed);
            let waker = Waker::from(Arc::clone(&process.ready));
            let mut context = Context::from_waker(&waker);
            let work = process.work.as_mut().unwrap();
            if work.as_mut().poll(&mut context).is_ready() {
                process.work = None;
                process.starts = now + random.below(self.restart);
            }
        }
    }

    /// When something happens next.
    fn next(&self, now: Millis) -> Option<Millis> {
        let timer = self.timers.lock().unwrap().heap.peek().map(|timer| timer.at);
        let starts = self.processes.iter().filter(|p| p.work.is_none()).map(|p| p.starts);
        let wakes = self.processes.iter().filter(|p| p.still > now && p.wants()).map(|p| p.still);
        starts.chain(wakes).chain(timer).min()
    }

    fn advance(&self, to: Millis) {
        let mut timers = self.timers.lock().unwrap();
        timers.now = timers.now.max(to);
        while timers.heap.peek().is_some_and(|timer| timer.at <= to) {
            // Waking sets a flag and takes no lock.
            timers.heap.pop().unwrap().waker.wake();
        }
    }
}
