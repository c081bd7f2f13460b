use std::collections::VecDeque;
use std::io::Write;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tokio::sync::watch;

use super::Event;
use crate::lock::lock;

/// How many events are kept; older ones are dropped, so that a server that runs for long does not grow.
const MAX_EVENTS: usize = 10_000;
/// The most events of one page.
const MAX_PAGE: usize = 1_000;

/// The newest events, in their order, and where else they go.
pub(crate) struct EventLog {
    kept: Mutex<VecDeque<Json>>,
    /// How many events there were in all; the newest one's number, therefore.
    count: watch::Sender<u64>,
    output: Mutex<Option<SyncSender<Json>>>,
}

/// Events that follow a given one.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Page {
    pub(crate) events: Vec<Json>,
    /// The number of the last event that the reader has now, for its next request.
    pub(crate) last: u64,
}

impl Default for EventLog {
    fn default() -> Self {
        EventLog { kept: Mutex::default(), count: watch::Sender::new(0), output: Mutex::new(None) }
    }
}

impl EventLog {
    /// Writes each further event to `out`, one JSON object a line, by a thread of its own: a reader that does not keep up
    /// does not stop the server, but misses events if it falls behind by 10,000.
    pub(crate) fn write_to(&self, out: Box<dyn Write + Send>) {
        let (sender, receiver) = sync_channel(MAX_EVENTS);
        *lock(&self.output) = Some(sender);
        std::thread::spawn(move || write_all(&receiver, out));
    }

    pub(crate) fn emit(&self, event: &Event) {
        let json = event.to_json();
        // Locked over the whole, so that the output has the events in their order.
        let mut kept = lock(&self.kept);
        if let Some(output) = &*lock(&self.output) {
            match output.try_send(json.clone()) {
                Ok(()) => {}
                Err(TrySendError::Full(_)) => {
                    tracing::warn!("an event is left out of the output, whose reader does not keep up");
                }
                // The thread has said why.
                Err(TrySendError::Disconnected(_)) => {}
            }
        }
        if kept.len() == MAX_EVENTS {
            kept.pop_front();
        }
        kept.push_back(json);
        self.count.send_modify(|count| *count += 1);
    }

    /// All events that are kept.
    pub(crate) fn all(&self) -> Vec<Json> {
        lock(&self.kept).iter().cloned().collect()
    }

    /// The next events after number `after`, at most 1,000; if there is none, waits for one, up to `limit`. Events that are
    /// no longer kept are left out.
    pub(crate) async fn after(&self, after: u64, limit: Duration) -> Page {
        let mut count = self.count.subscribe();
        // Neither result matters: the page says what there is now.
        let _ = tokio::time::timeout(limit, count.wait_for(|count| *count != after)).await;
        self.page(after)
    }

    fn page(&self, after: u64) -> Page {
        let kept = lock(&self.kept);
        let count = *self.count.borrow();
        let dropped = count - kept.len() as u64;
        // A reader of an earlier server has a number that this one has not reached, and continues from here.
        let skip = after.min(count).saturating_sub(dropped);
        let events: Vec<Json> = kept.iter().skip(skip as usize).take(MAX_PAGE).cloned().collect();
        Page { last: dropped + skip + events.len() as u64, events }
    }
}

fn write_all(events: &Receiver<Json>, mut out: Box<dyn Write + Send>) {
    for event in events {
        if let Err(error) = writeln!(out, "{event}").and_then(|()| out.flush()) {
            tracing::error!(%error, "cannot write events any more");
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use crate::events::EventName;

    fn emit(log: &EventLog, versions: std::ops::Range<usize>) {
        for version in versions {
            log.emit(&Event {
                name: EventName::RotationStarted,
                arn: String::new(),
                version: version.to_string(),
                error: None,
                at: OffsetDateTime::UNIX_EPOCH,
            });
        }
    }

    fn first(page: &Page) -> &str {
        page.events[0]["detail"]["requestID"].as_str().expect("an id")
    }

    #[test]
    fn the_newest_10_000_events_are_kept_and_read_in_pages() {
        let log = EventLog::default();
        emit(&log, 0..MAX_EVENTS + 5);
        assert_eq!(log.all().len(), MAX_EVENTS);
        let page = log.page(0);
        assert_eq!((page.events.len(), page.last, first(&page)), (1_000, 1_005, "Rotation--5"));
        let page = log.page(page.last);
        assert_eq!((page.events.len(), page.last, first(&page)), (1_000, 2_005, "Rotation--1005"));
        let page = log.page(10_004);
        assert_eq!((page.events.len(), page.last, first(&page)), (1, 10_005, "Rotation--10004"));
        let page = log.page(20_000);
        assert_eq!((page.events.len(), page.last), (0, 10_005));
    }

    #[tokio::test]
    async fn a_reader_waits_for_the_next_event_and_no_longer_than_its_limit() {
        let log = EventLog::default();
        let hour = Duration::from_secs(3_600);
        assert_eq!(log.after(0, Duration::ZERO).await.events.len(), 0);
        let (page, ()) = tokio::join!(log.after(0, hour), async { emit(&log, 0..1) });
        assert_eq!((page.events.len(), page.last), (1, 1));
        assert_eq!(log.after(0, hour).await.events.len(), 1, "what is there needs no waiting");
    }

    /// A reader that never reads.
    struct Stuck(std::sync::mpsc::Receiver<()>);

    impl Write for Stuck {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            // Until the test has ended.
            let _ = self.0.recv();
            Err(std::io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_output_that_is_stuck_stops_nobody() {
        let (_end, never) = sync_channel(0);
        let log = EventLog::default();
        log.write_to(Box::new(Stuck(never)));
        emit(&log, 0..MAX_EVENTS + 3);
        assert_eq!(*log.count.borrow(), 10_003);
    }
}
