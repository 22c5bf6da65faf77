//! Sessions: what one learner did without a long gap, and the time that it took.

/// A stay of one learner. Times are microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// When the first event of it began.
    pub start: i64,
    /// When the last event of it ended.
    pub end: i64,
    /// How many events it has.
    pub event_count: usize,
}

impl Session {
    /// How long it was, in microseconds. A session with one event that has no duration takes no
    /// time.
    pub fn duration(&self) -> i64 {
        self.end.saturating_sub(self.start)
    }
}

/// When something happened, and how long it had taken by then, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionEvent {
    /// The time of the event, at which it was over.
    pub time: i64,
    /// Its duration; 0 if it has none. Only as much of it counts as fits into the gap: a duration
    /// that was measured over days is no time on task.
    pub duration: i64,
}

/// Divides the events of one learner, in any order, into sessions in the order of time.
///
/// An event belongs to the session before it if it began at most `gap` microseconds after that
/// had ended; a gap of 0 or less leaves each time apart.
pub fn sessions(events: impl IntoIterator<Item = SessionEvent>, gap: i64) -> Vec<Session> {
    let start_of =
        |event: &SessionEvent| event.time.saturating_sub(event.duration.clamp(0, gap.max(0)));
    let spans = events.into_iter().map(|event| (start_of(&event), event.time));
    let mut spans: Vec<(i64, i64)> = spans.collect();
    spans.sort_unstable();
    let mut sessions: Vec<Session> = Vec::new();
    for (start, end) in spans {
        match sessions.last_mut() {
            Some(last) if start <= last.end.saturating_add(gap.max(0)) => {
                last.end = last.end.max(end);
                last.event_count += 1;
            }
            Some(_) | None => sessions.push(Session { start, end, event_count: 1 }),
        }
    }
    sessions
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(time: i64) -> SessionEvent {
        SessionEvent { time, duration: 0 }
    }

    #[test]
    fn a_longer_gap_than_allowed_begins_a_session() {
        let found = sessions([at(100), at(0), at(30), at(130), at(161)], 30);
        let of = |start, end, event_count| Session { start, end, event_count };
        assert_eq!(found, [of(0, 30, 2), of(100, 130, 2), of(161, 161, 1)]);
        assert_eq!(found.iter().map(Session::duration).sum::<i64>(), 60);
        assert_eq!(sessions([], 30), []);
    }

    #[test]
    fn the_duration_of_an_event_counts_as_far_as_it_fits_into_the_gap() {
        let event = |time, duration| SessionEvent { time, duration };
        assert_eq!(sessions([event(100, 20)], 30)[0].duration(), 20);
        assert_eq!(sessions([event(100, 9_999)], 30)[0].duration(), 30);
        assert_eq!(sessions([event(100, -5)], 30)[0].duration(), 0);
        // It began before the event before it was too long ago.
        assert_eq!(sessions([event(0, 0), event(50, 25)], 30).len(), 1);
    }

    fn moments() -> impl Strategy<Value = Vec<SessionEvent>> {
        let moment =
            (0..5_000_i64, 0..200_i64).prop_map(|(time, duration)| SessionEvent { time, duration });
        prop::collection::vec(moment, 0..60)
    }

    proptest! {
        #[test]
        fn the_order_in_which_events_arrive_does_not_matter(
            events in moments(), gap in 0..300_i64, turn in 0_usize..60,
        ) {
            let mut late = events.clone();
            late.rotate_left(turn.min(events.len()));
            late.reverse();
            prop_assert_eq!(sessions(events, gap), sessions(late, gap));
        }

        #[test]
        fn sessions_hold_every_event_and_lie_apart(events in moments(), gap in 0..300_i64) {
            let found = sessions(events.clone(), gap);
            prop_assert_eq!(found.iter().map(|it| it.event_count).sum::<usize>(), events.len());
            prop_assert!(found.windows(2).all(|pair| pair[0].end + gap < pair[1].start));
            prop_assert!(found.iter().all(|it| it.start <= it.end));
        }

        #[test]
        fn an_event_that_is_taken_away_changes_only_its_session(
            events in moments(), gap in 0..300_i64, index in 0_usize..60,
        ) {
            prop_assume!(index < events.len());
            let mut rest = events.clone();
            let gone = rest.remove(index);
            let (before, after) = (sessions(events, gap), sessions(rest, gap));
            let apart = |session: &&Session| session.end < gone.time || gone.time < session.start;
            prop_assert!(before.iter().filter(apart).all(|session| after.contains(session)));
        }
    }
}
