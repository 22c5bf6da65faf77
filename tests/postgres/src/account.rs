//! The account under which a server runs: PostgreSQL refuses to run as root.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

/// Accounts that may serve, the most fitting first.
const NAMES: &[&str] = &["postgres", "nobody"];

/// An unprivileged account of this machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account {
    user: u32,
    group: u32,
}

impl Account {
    /// The account to change to; none when this process is unprivileged itself.
    pub(crate) fn to_change_to() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        let accounts = fs::read_to_string("/etc/passwd").expect("the accounts can be read");
        let found = NAMES.iter().find_map(|name| Self::parse(&accounts, name));
        Some(found.expect("there is an account `postgres` or `nobody`"))
    }

    fn parse(accounts: &str, name: &str) -> Option<Self> {
        let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut numbers = line.split(':').skip(2).map(str::parse);
        let (user, group) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
        (user != 0).then_some(Self { user, group })
    }
}

/// Makes `command` run under `account`.
pub(crate) fn run_under(account: Option<Account>, command: &mut Command) {
    if let Some(Account { user, group }) = account {
        command.uid(user).gid(group);
    }
}

/// Gives a file or a directory to `account`.
pub(crate) fn give_to(account: Option<Account>, path: &Path) {
    if let Some(Account { user, group }) = account {
        chown(path, Some(user), Some(group)).expect("root may give files away");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_an_account_by_its_whole_name() {
        let accounts = "root:x:0:0::/root:/bin/sh\npostgres2:x:7:8::/:/bin/sh\n\
                        postgres:x:101:104::/var/lib/postgresql:/bin/bash\n";
        let found = Account::parse(accounts, "postgres").map(|found| (found.user, found.group));
        assert_eq!(found, Some((101, 104)));
        assert!(Account::parse(accounts, "nobody").is_none());
        assert!(Account::parse(accounts, "root").is_none());
    }
}
