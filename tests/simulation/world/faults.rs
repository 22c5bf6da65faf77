//! What goes wrong, and when.

use std::io;

/// What a program asks of the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Act {
    CreateDirectory,
    List,
    Open,
    Create,
    Rename,
    Remove,
    SyncDirectory,
    Read,
    /// Over what is there.
    Write,
    /// Beyond the end.
    Extend,
    Sync,
    Length,
    Truncate,
}

impl Act {
    /// Whether it can fail for want of room.
    pub(crate) const fn needs_room(self) -> bool {
        matches!(
            self,
            Self::CreateDirectory
                | Self::Create
                | Self::Rename
                | Self::SyncDirectory
                | Self::Extend
                | Self::Sync
        )
    }
}

/// An act on a kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Call {
    pub(crate) act: Act,
    /// What kind of file it is done to.
    pub(crate) to: &'static str,
}

/// What kind of file a path means.
pub(crate) fn kind_of(path: &str) -> &'static str {
    let ends = |end: &str| path.ends_with(end);
    match path {
        _ if ends(".log") || ends(".log.tmp") => "segment",
        _ if ends(".idx") || ends(".idx.tmp") => "run",
        _ if ends("tables.sqlite") => "tables",
        _ if ends("tables.sqlite-wal") => "write-ahead log of the tables",
        _ if ends("tables.sqlite-journal") => "journal of the tables",
        _ if ends("/store") || ends("/store.tmp") => "identity",
        _ if ends("/log") => "directory of the log",
        _ if ends("/index") => "directory of the index",
        _ if path.contains("/attachments/") => "attachments",
        _ => "other",
    }
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InjectedFault {
    /// The device fails.
    Fails,
    /// There is no room.
    Full,
    /// The power goes before the call has done anything.
    CutBefore,
    /// The power goes when the call is done and before it returns.
    CutAfter,
}

/// When it goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultTrigger {
    /// At this call, from 0, of all that follow.
    At(u64),
    /// At this one, from 0, of the calls of a kind.
    AtOf(Call, u64),
    /// At every so manyth call.
    Every(u64),
}

/// What goes wrong, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: InjectedFault,
    pub(crate) when: FaultTrigger,
}

impl Fault {
    pub(crate) const fn new(kind: InjectedFault, when: FaultTrigger) -> Self {
        Self { kind, when }
    }

    /// Counts a call, if it is one of those that it waits for. Returns what goes wrong now.
    pub(crate) fn count(&self, call: Call, counted: &mut u64) -> Option<InjectedFault> {
        let is_possible = self.kind != InjectedFault::Full || call.act.needs_room();
        let is_counted = match self.when {
            FaultTrigger::At(_) | FaultTrigger::Every(_) => is_possible,
            FaultTrigger::AtOf(wanted, _) => is_possible && wanted == call,
        };
        if !is_counted {
            return None;
        }
        let index = *counted;
        *counted += 1;
        let is_due = match self.when {
            FaultTrigger::At(at) | FaultTrigger::AtOf(_, at) => index == at,
            FaultTrigger::Every(count) => (index + 1).is_multiple_of(count),
        };
        is_due.then_some(self.kind)
    }
}

/// The device reports a failure.
pub(crate) fn device_failed() -> io::Error {
    const EIO: i32 = 5;
    io::Error::from_raw_os_error(EIO)
}

/// The device has no room.
pub(crate) fn no_room() -> io::Error {
    const ENOSPC: i32 = 28;
    io::Error::from_raw_os_error(ENOSPC)
}
