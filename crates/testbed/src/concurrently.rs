//! Many tasks, of which a limited number run at once.

use tokio::task::JoinSet;

/// Runs every task, at most `most` at once. Calls `ended` with each result, in the order in which the tasks end.
///
/// # Panics
/// If a task panics; the other tasks are aborted. If `most` is 0.
pub async fn run_concurrently<T, F>(most: usize, tasks: impl IntoIterator<Item = F>, mut ended: impl FnMut(T))
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    assert!(most > 0, "no task would run");
    let (mut waiting, mut running) = (tasks.into_iter().fuse(), JoinSet::new());
    loop {
        while running.len() < most
            && let Some(task) = waiting.next()
        {
            running.spawn(task);
        }
        let Some(one) = running.join_next().await else { return };
        ended(one.expect("the task does not panic"));
    }
}
