//! How often single models are looked at.

use std::collections::BTreeMap;

use tokio::sync::Semaphore;

use super::*;
use crate::model::{Facts, TuningSpec};
use crate::watch::serve::looks::{Known, Looks};

/// A service whose jobs are in these states, and that answers when it may.
struct Service {
    states: Mutex<BTreeMap<u32, JobState>>,
    /// A permit for each answer.
    may: Semaphore,
    jobs: Mutex<usize>,
    curves: Mutex<usize>,
    /// Why curves cannot be read now.
    no_curves: Mutex<Option<String>>,
}

const HOUR: Duration = Duration::from_secs(3_600);

fn job(id: u32) -> JobName {
    format!("projects/42/locations/us-central1/tuningJobs/{id}").parse().unwrap()
}

#[async_trait::async_trait]
impl Reader for Service {
    async fn job(&self, job: &JobName) -> Result<Observed, String> {
        self.may.acquire().await.unwrap().forget();
        *self.jobs.lock().unwrap() += 1;
        let id: u32 = job.id().parse().unwrap();
        let state = self.states.lock().unwrap().get(&id).cloned();
        Ok(Facts {
            name: job.clone(),
            place: Place::new("acme-ml", "us-central1"),
            stamp: None,
            state: state.ok_or("no such job.")?,
            create_time: None,
            start_time: None,
            end_time: None,
            echo: TuningSpec::default(),
            pre_tuned_base: None,
            error: None,
            tuned_model: None,
            experiment: None,
            billable_tokens: None,
            data: None,
        }
        .into())
    }

    async fn curves(&self, _: &Name, _: &Observed) -> Charts {
        *self.curves.lock().unwrap() += 1;
        match &*self.no_curves.lock().unwrap() {
            Some(why) => Charts::Failed(why.clone()),
            None => Charts::Unread("none".to_owned()),
        }
    }
}

impl Service {
    fn new(states: &[(u32, JobState)]) -> (Arc<Self>, Arc<Looks>) {
        Self::asked_by(states, HOUR)
    }

    /// Who asks waits that long.
    fn asked_by(states: &[(u32, JobState)], patience: Duration) -> (Arc<Self>, Arc<Looks>) {
        let service = Arc::new(Self {
            states: Mutex::new(states.iter().cloned().collect()),
            may: Semaphore::new(1_000),
            jobs: Mutex::default(),
            curves: Mutex::default(),
            no_curves: Mutex::default(),
        });
        (Arc::clone(&service), Arc::new(Looks::with_patience(service, patience)))
    }

    /// Reads of jobs and of curves so far.
    fn reads(&self) -> (usize, usize) {
        (*self.jobs.lock().unwrap(), *self.curves.lock().unwrap())
    }
}

async fn look(looks: &Arc<Looks>, name: &str, jobs: &[(u32, JobState)], at: u64) -> Known {
    let place = Place::new("acme-ml", "us-central1");
    let jobs = jobs.iter().map(|(id, state)| (job(*id), state.clone())).collect();
    looks.of(&place, &name.parse().unwrap(), jobs, Duration::from_secs(at)).await
}

fn states(known: &Known) -> Vec<JobState> {
    let Known::Fresh(seen) = known else { panic!("{known:?}") };
    seen.runs.iter().map(|run| run.state.clone()).collect()
}

#[tokio::test]
async fn what_ended_is_read_once_and_what_goes_on_once_a_minute() {
    use JobState::{Failed, Running, Succeeded};
    let (service, looks) = Service::new(&[(1, Failed), (2, Running)]);
    let listed = [(2, Running), (1, Failed)];
    assert_eq!(states(&look(&looks, "faq", &listed, 0).await), [Running, Failed]);
    assert_eq!(service.reads(), (2, 1));
    look(&looks, "faq", &listed, 59).await;
    assert_eq!(service.reads(), (2, 1));
    // The one that goes on, and its curves.
    look(&looks, "faq", &listed, 60).await;
    assert_eq!(service.reads(), (3, 2));
    // The loop has seen that it ended: no minute is waited for.
    service.states.lock().unwrap().insert(2, Succeeded);
    let ended = [(2, Succeeded), (1, Failed)];
    assert_eq!(states(&look(&looks, "faq", &ended, 61).await), [Succeeded, Failed]);
    assert_eq!(service.reads(), (4, 3));
    for later in [62, 10_000] {
        look(&looks, "faq", &ended, later).await;
        // An older listing, too, says nothing new of it.
        look(&looks, "faq", &listed, later).await;
    }
    assert_eq!(service.reads(), (4, 3));
    // A new run is read, and no other.
    service.states.lock().unwrap().insert(3, Succeeded);
    let next = [(3, Succeeded), (2, Succeeded), (1, Failed)];
    assert_eq!(states(&look(&looks, "faq", &next, 10_001).await).len(), 3);
    assert_eq!(service.reads(), (5, 4));
}

#[tokio::test]
async fn who_asks_at_the_same_time_waits_for_one_look() {
    let (service, looks) = Service::new(&[(1, JobState::Running)]);
    let listed = [(1, JobState::Running)];
    service.may.forget_permits(1_000);
    let asking: Vec<_> = (0..20)
        .map(|_| {
            let (looks, listed) = (Arc::clone(&looks), listed.clone());
            tokio::spawn(async move { look(&looks, "faq", &listed, 0).await })
        })
        .collect();
    tokio::task::yield_now().await;
    // One of them goes away, and the look goes on.
    asking[0].abort();
    service.may.add_permits(1_000);
    let mut answered = 0;
    for asked in asking {
        answered += usize::from(asked.await.is_ok_and(|known| matches!(known, Known::Fresh(_))));
    }
    assert!(answered >= 19, "{answered}");
    assert_eq!(service.reads(), (1, 1));
}

#[tokio::test]
async fn nobody_can_ask_for_more_than_a_few_looks_a_minute() {
    use JobState::Running;
    let (service, looks) = Service::new(&[(1, Running)]);
    for at in 0..100_u64 {
        look(&looks, &format!("model-{at}"), &[(1, Running)], at / 10).await;
    }
    assert_eq!(service.reads(), (10, 10));
    let Known::Later { before, wait } = look(&looks, "model-50", &[(1, Running)], 10).await else {
        panic!("an eleventh look");
    };
    assert!(before.is_none());
    assert_eq!(wait, Duration::from_secs(50));
    // A model that was looked at keeps what was read of it.
    let known = look(&looks, "model-3", &[(1, Running)], 60).await;
    assert!(matches!(known, Known::Fresh(_)), "{known:?}");
    // In any minute there are ten, also while the next ones begin.
    for at in 0..1_000_u64 {
        look(&looks, &format!("other-{at}"), &[(1, Running)], 60 + at).await;
    }
    let (jobs, _) = service.reads();
    assert!(jobs <= 10 + 1 + 1_000_usize.div_ceil(60) * 10 + 10, "{jobs}");
}

#[tokio::test]
async fn a_run_that_cannot_be_read_is_said_and_tried_again() {
    use JobState::{Running, Succeeded};
    let (service, looks) = Service::new(&[(1, Succeeded)]);
    let listed = [(2, Running), (1, Succeeded)];
    let Known::Fresh(seen) = look(&looks, "faq", &listed, 0).await else { panic!("no look") };
    assert_eq!(seen.runs.len(), 1);
    assert_eq!(seen.trouble[0].text, "tuningJobs/2 could not be read: no such job.");
    look(&looks, "faq", &listed, 30).await;
    assert_eq!(service.reads().0, 2);
    service.states.lock().unwrap().insert(2, Running);
    assert_eq!(states(&look(&looks, "faq", &listed, 60).await), [Running, Succeeded]);
    assert_eq!(service.reads().0, 3);
}

#[tokio::test]
async fn curves_that_could_not_be_read_are_tried_again() {
    use JobState::Succeeded;
    let (service, looks) = Service::new(&[(1, Succeeded)]);
    *service.no_curves.lock().unwrap() = Some("503".to_owned());
    let listed = [(1, Succeeded)];
    let curves = async |at| {
        let Known::Fresh(seen) = look(&looks, "faq", &listed, at).await else { panic!("no look") };
        seen.charts.clone()
    };
    assert_eq!(curves(0).await, Charts::Failed("503".to_owned()));
    *service.no_curves.lock().unwrap() = None;
    // Not at once: who asks often does not make more looks.
    assert_eq!(curves(59).await, Charts::Failed("503".to_owned()));
    assert_eq!(curves(60).await, Charts::Unread("none".to_owned()));
    curves(10_000).await;
    // The run itself was read the first time.
    assert_eq!(service.reads(), (1, 2));
}

#[tokio::test]
async fn who_asks_of_a_slow_service_is_told_what_is_known() {
    use JobState::Running;
    let (service, looks) = Service::asked_by(&[(1, Running)], Duration::ZERO);
    let listed = [(1, Running)];
    service.may.forget_permits(1_000);
    for _ in 0..3 {
        let known = look(&looks, "faq", &listed, 0).await;
        assert!(matches!(known, Known::Reading { before: None }), "{known:?}");
    }
    // The look goes on without those who asked, and was the only one.
    service.may.add_permits(1);
    while !matches!(look(&looks, "faq", &listed, 0).await, Known::Fresh(_)) {
        tokio::task::yield_now().await;
    }
    assert_eq!(service.reads(), (1, 1));
    // The next one is slow, too; what the first one read is there.
    let Known::Reading { before: Some(seen) } = look(&looks, "faq", &listed, 60).await else {
        panic!("nothing is known");
    };
    assert_eq!(seen.runs.len(), 1);
}

#[tokio::test]
async fn what_was_read_once_stays_when_it_cannot_be_read_again() {
    use JobState::Running;
    let (service, looks) = Service::new(&[(1, Running)]);
    let listed = [(1, Running)];
    assert_eq!(states(&look(&looks, "faq", &listed, 0).await), [Running]);
    service.states.lock().unwrap().clear();
    let known = look(&looks, "faq", &listed, 60).await;
    assert_eq!(states(&known), [Running]);
    let Known::Fresh(seen) = known else { panic!("no look") };
    let text =
        "tuningJobs/1 could not be read again, and what is shown of it is older: no such job.";
    assert_eq!(seen.trouble[0].text, text);
    // Of another model nothing could be read, which is not the same as no run.
    let unread = async |name, listed: &[_]| match look(&looks, name, listed, 60).await {
        Known::Fresh(seen) => seen.charts.clone(),
        other => panic!("{other:?}"),
    };
    let none = Charts::Failed("No run could be read.".to_owned());
    assert_eq!(unread("tone", &listed).await, none);
    let none = Charts::Unread("There is no run yet.".to_owned());
    assert_eq!(unread("triage", &[]).await, none);
}

#[tokio::test]
async fn what_is_kept_is_bounded() {
    use JobState::Succeeded;
    let (service, looks) = Service::new(&[(1, Succeeded)]);
    // One each ten minutes: the looks are not what is short.
    for at in 0..65_u64 {
        look(&looks, &format!("model-{at}"), &[(1, Succeeded)], at * 600).await;
    }
    assert_eq!(service.reads().0, 65);
    look(&looks, "model-64", &[(1, Succeeded)], 50_000).await;
    look(&looks, "model-1", &[(1, Succeeded)], 50_000).await;
    assert_eq!(service.reads().0, 65);
    // The first one had to go.
    look(&looks, "model-0", &[(1, Succeeded)], 50_000).await;
    assert_eq!(service.reads().0, 66);
}
