#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::sync::atomic::Ordering;

use super::*;
use crate::memory::MemoryBucket;

const MINUTE: Duration = Duration::from_secs(60);

fn claim(run: &str, wait: Duration) -> Claim {
    Claim {
        bucket: "b".to_owned(),
        holder: Holder {
            user: "ada".to_owned(),
            host: "ci-7".to_owned(),
            pid: 12,
            command: "deploy".to_owned(),
            run: run.to_owned(),
            process: Some(format!("process of {run}")),
            run_url: Some("https://ci.example/1".to_owned()),
            since: "2026-01-02T03:04:05Z".to_owned(),
        },
        nonce: format!("nonce of {run}"),
        lease: MINUTE,
        wait,
        is_gone: |process| process == "process of gone",
    }
}

async fn take(bucket: &Arc<MemoryBucket>, run: &str) -> Result<Lease, LockError> {
    take_until(bucket, run, &Interrupt::new()).await
}

async fn take_until(
    bucket: &Arc<MemoryBucket>,
    run: &str,
    cancel: &Interrupt,
) -> Result<Lease, LockError> {
    acquire(bucket.clone(), &claim(run, Duration::ZERO), cancel, |_| {}).await
}

/// A holder that was killed: nothing renews its lock, nothing releases it.
async fn die(lease: Lease) {
    lease.beating.abort();
    let _ = lease.beating.await;
}

#[tokio::test(start_paused = true)]
async fn the_second_run_hears_who_is_at_work_and_gets_the_lock_after_the_first() {
    let bucket = Arc::new(MemoryBucket::new());
    let first = take(&bucket, "one").await.unwrap();
    // Long enough that a lease nobody renews would have gone.
    sleep(10 * MINUTE).await;
    let refused = take(&bucket, "two").await.err().unwrap();
    insta::assert_snapshot!(refused, @"another run is at work: run one (deploy by ada@ci-7, process 12, since 2026-01-02T03:04:05Z, https://ci.example/1)");
    assert!(first.lost().is_none());
    first.release().await.unwrap();
    take(&bucket, "two").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_run_that_waits_gets_the_lock_once_it_is_free() {
    let bucket = Arc::new(MemoryBucket::new());
    let first = take(&bucket, "one").await.unwrap();
    let second = tokio::spawn({
        let bucket = bucket.clone();
        async move {
            let mut told = Vec::new();
            let claim = claim("two", 10 * MINUTE);
            let cancel = Interrupt::new();
            let lease = acquire(bucket, &claim, &cancel, |found| {
                told.push(found.holder.as_ref().unwrap().run.clone());
            })
            .await
            .unwrap();
            (told, lease)
        }
    });
    sleep(3 * MINUTE).await;
    assert!(!second.is_finished());
    first.release().await.unwrap();
    let (told, lease) = second.await.unwrap();
    assert_eq!(told, ["one"]);
    assert!(lease.taken_over.is_none());
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_with_its_time_and_with_an_interruption() {
    let bucket = Arc::new(MemoryBucket::new());
    let _first = take(&bucket, "one").await.unwrap();
    let began = Instant::now();
    let cancel = Interrupt::new();
    let claim = claim("two", MINUTE);
    let refused = acquire(bucket.clone(), &claim, &cancel, |_| {}).await;
    assert!(matches!(refused, Err(LockError::Held(_))));
    assert_eq!(began.elapsed(), MINUTE);

    cancel.detach();
    let stopped = acquire(bucket, &claim, &cancel, |_| {}).await;
    assert!(matches!(stopped, Err(LockError::Interrupted)));
}

#[tokio::test(start_paused = true)]
async fn a_dead_holders_lock_is_taken_over_after_its_lease_and_not_before() {
    let bucket = Arc::new(MemoryBucket::new());
    die(take(&bucket, "one").await.unwrap()).await;
    sleep(MINUTE - Duration::from_secs(1)).await;
    assert!(matches!(
        take(&bucket, "two").await,
        Err(LockError::Held(_))
    ));
    sleep(Duration::from_secs(2)).await;
    let lease = take(&bucket, "two").await.unwrap();
    assert_eq!(lease.taken_over.as_ref().unwrap().run, "one");
}

#[tokio::test(start_paused = true)]
async fn of_many_runs_that_find_an_expired_lock_one_gets_it() {
    let bucket = Arc::new(MemoryBucket::new());
    die(take(&bucket, "dead").await.unwrap()).await;
    sleep(2 * MINUTE).await;
    let names: Vec<String> = (0..8).map(|number| format!("run-{number}")).collect();
    let taken = futures::future::join_all(names.iter().map(|run| take(&bucket, run))).await;
    assert_eq!(taken.iter().filter(|taken| taken.is_ok()).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_holder_whose_lock_was_taken_stops_and_leaves_it_to_the_other() {
    let bucket = Arc::new(MemoryBucket::new());
    let cancel = Interrupt::new();
    let first = take_until(&bucket, "one", &cancel).await.unwrap();
    let found = find(bucket.as_ref(), "b").await.unwrap().unwrap();
    assert!(remove(bucket.as_ref(), "b", &found).await.unwrap());
    let second = take(&bucket, "two").await.unwrap();
    cancel.cancelled().await;
    insta::assert_snapshot!(first.lost().unwrap(), @"another run took it over, or somebody removed it");
    first.release().await.unwrap();
    let found = find(bucket.as_ref(), "b").await.unwrap().unwrap();
    assert_eq!(found.holder.unwrap().run, "two");
    assert!(second.lost().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_cannot_renew_stops_before_another_may_begin() {
    let bucket = Arc::new(MemoryBucket::new());
    let cancel = Interrupt::new();
    let first = take_until(&bucket, "one", &cancel).await.unwrap();
    let began = Instant::now();
    bucket.down.store(true, Ordering::SeqCst);
    cancel.cancelled().await;
    assert!(began.elapsed() <= MINUTE, "{:?}", began.elapsed());
    assert!(
        first
            .lost()
            .unwrap()
            .starts_with("it could not be renewed in time")
    );
}

#[tokio::test(start_paused = true)]
async fn a_short_outage_and_a_lost_answer_cost_nothing() {
    let bucket = Arc::new(MemoryBucket::new());
    let lease = take(&bucket, "one").await.unwrap();
    bucket.down.store(true, Ordering::SeqCst);
    sleep(MINUTE / 3).await;
    bucket.down.store(false, Ordering::SeqCst);
    bucket.lose_answer.store(true, Ordering::SeqCst);
    sleep(10 * MINUTE).await;
    assert!(!bucket.lose_answer.load(Ordering::SeqCst));
    assert_eq!(lease.lost(), None);
    lease.release().await.unwrap();
    assert!(find(bucket.as_ref(), "b").await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn the_bucket_is_made_for_the_first_lock() {
    let bucket = Arc::new(MemoryBucket::default());
    take(&bucket, "one").await.unwrap().release().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_was_let_go_is_not_missed_when_its_bucket_goes() {
    let bucket = Arc::new(MemoryBucket::new());
    let cancel = Interrupt::new();
    let lease = take_until(&bucket, "one", &cancel).await.unwrap();
    lease.let_go().await;
    bucket.empty("b").await.unwrap();
    sleep(10 * MINUTE).await;
    assert!(!cancel.is_cancelled());
    lease.release().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_lock_of_a_process_that_is_known_to_be_gone_is_taken_over_at_once() {
    let bucket = Arc::new(MemoryBucket::new());
    die(take(&bucket, "gone").await.unwrap()).await;
    let lease = take(&bucket, "two").await.unwrap();
    assert_eq!(lease.taken_over.as_ref().unwrap().run, "gone");
}
