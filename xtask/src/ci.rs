//! Everything that is checked on every change.

use std::process::Command;
use std::time::Duration;

use acta_test_postgres::{DEBIAN_PACKAGE, Programs};
use anyhow::{Result, anyhow, bail};

use crate::shell::{cargo, has, root, run, say};

/// The test runner, at a version that works with this toolchain.
const NEXTEST_VERSION: &str = "0.9.143";
/// The checker of dependencies.
const DENY_VERSION: &str = "0.20.2";

type Step = (&'static str, fn() -> Result<()>);

const CHECKS: &[Step] = &[
    ("format", format),
    ("tidy", crate::tidy::run),
    ("lints", lints),
    ("docs", docs),
    ("dependencies", dependencies),
    ("advisories", crate::advisories::check_if_possible),
];

const TESTS: &[Step] = &[
    ("console", crate::console::check),
    ("fuzz", crate::fuzz::run_in_ci),
    ("release build", release_build),
    ("programs of others, beside the build of the tests", run_others_beside_build),
    ("tests", tests),
];

/// Programs of others that use the release binary. They leave processors idle.
const OTHERS: &[Step] = &[
    ("clients", crate::clients::run_all),
    ("console in a browser", crate::console::run_in_browser),
    ("api", crate::api::run),
    ("engines", crate::clients::engines::run_all),
];

/// The checks without the tests.
pub(crate) fn check() -> Result<()> {
    steps(CHECKS)
}

/// Installs what is missing, then runs every check and every test. The test runner's own
/// closing lines are the last that is printed on success.
pub(crate) fn run_all() -> Result<()> {
    install()?;
    steps(CHECKS)?;
    steps(TESTS)
}

fn steps(steps: &[Step]) -> Result<()> {
    for (name, step) in steps {
        say(&format!("== {name}"));
        let started = Timer::start();
        step()?;
        let is_last = *name == "tests";
        if !is_last {
            say(&format!("== {name} took {:.0} s", started.elapsed().as_secs_f64()));
        }
    }
    Ok(())
}

/// Measures time from when it is started.
pub(crate) struct Timer(std::time::Instant);

impl Timer {
    #[expect(clippy::disallowed_methods, reason = "a command of development has no clock to take")]
    pub(crate) fn start() -> Self {
        Self(std::time::Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

fn install() -> Result<()> {
    install_debian_packages()?;
    crate::servers::objects::install()?;
    crate::api::install()?;
    crate::clients::install()?;
    crate::clients::engines::install()?;
    if !has("cargo-nextest", &["nextest", "--version"]) {
        say("== installing cargo-nextest");
        run(cargo()
            .args(["install", "--locked", "--debug", "cargo-nextest"])
            .args(["--version", NEXTEST_VERSION]))?;
    }
    if !has("cargo-deny", &["--version"]) {
        say("== installing cargo-deny");
        run(cargo()
            .args(["install", "--locked", "--debug", "cargo-deny"])
            .args(["--version", DENY_VERSION]))?;
    }
    if !has("node", &["--version"]) {
        bail!("the tests of JavaScript clients need Node 20");
    }
    crate::console::install()?;
    crate::servers::oidc::install()
}

/// Programs that the tests start, what they answer to when they are there, and the packages
/// that hold them.
const DEBIAN_PACKAGES: &[(&str, &str, &str)] = &[
    ("cc", "--version", "gcc"),
    ("c++", "--version", "g++"),
    ("make", "--version", "make"),
    ("openssl", "version", "openssl"),
    ("chromium", "--version", "chromium"),
    ("strace", "--version", "strace"),
    ("java", "-version", "default-jre-headless"),
    ("/usr/sbin/nginx", "-v", "nginx"),
    ("/usr/sbin/haproxy", "-v", "haproxy"),
    ("caddy", "version", "caddy"),
];

/// Installs packages, and starts none of the services in them: a machine that has no rule for that
/// has one as long as this runs, also if this is interrupted. Another installation is waited for.
const INSTALL: &str = r#"
rule=/usr/sbin/policy-rc.d
if [ ! -e "$rule" ]; then
    trap 'rm -f "$rule"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\nexit 101\n' > "$rule"
    chmod 755 "$rule"
fi
apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=600 "$@"
"#;

fn install_debian_packages() -> Result<()> {
    let missing: Vec<&str> = DEBIAN_PACKAGES
        .iter()
        .filter(|(program, question, _)| !has(program, &[question]))
        .map(|(_, _, package)| *package)
        // Debian keeps the programs of the server out of PATH.
        .chain(Programs::find().is_err().then_some(DEBIAN_PACKAGE))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    say(&format!("== installing {}", missing.join(", ")));
    run(Command::new("apt-get").args(["update", "-q"]))?;
    run(Command::new("sh")
        .args(["-e", "-c", INSTALL, "install"])
        .args(missing)
        .env("DEBIAN_FRONTEND", "noninteractive"))
}

fn format() -> Result<()> {
    run(cargo().args(["fmt", "--all", "--check"]))
}

fn lints() -> Result<()> {
    run(cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]))
}

fn docs() -> Result<()> {
    run(cargo()
        .args(["doc", "--workspace", "--no-deps", "--locked"])
        .env("RUSTDOCFLAGS", "-D warnings"))
}

fn dependencies() -> Result<()> {
    run(cargo().args(["deny", "--locked", "check", "bans", "licenses", "sources"]))
}

pub(crate) fn release_build() -> Result<()> {
    run(cargo().args(["build", "--release", "--locked", "-p", "acta-cli"]))
}

/// What the tests that try every fault spend their time in: to build it with some optimisation
/// costs less than it saves.
const OPTIMISED: &[&str] = &[
    "acta-statement-index",
    "acta-statement-log",
    "acta-storage",
    "acta-storage-embedded",
    "acta-xapi",
];

/// The command that runs the tests.
pub(crate) fn nextest() -> Command {
    nextest_with("--no-fail-fast")
}

fn nextest_with(option: &str) -> Command {
    let mut command = cargo();
    command.args(["nextest", "run", "--workspace", "--locked", option]);
    for package in OPTIMISED {
        command.args(["--config", &format!("profile.dev.package.{package}.opt-level=1")]);
    }
    command
}

fn run_others_beside_build() -> Result<()> {
    let (others, built) = std::thread::scope(|scope| {
        let build = scope.spawn(|| run(&mut nextest_with("--no-run")));
        (steps(OTHERS), build.join())
    });
    others.and(built.map_err(|_panic| anyhow!("the build of the tests has panicked"))?)
}

fn tests() -> Result<()> {
    let mut command = nextest();
    command.env("TEST_ACTA_BINARY", root().join("target/release/acta"));
    let _objects = crate::servers::objects::with_server(&mut command);
    crate::servers::postgres::run_with_server(&mut command)
}
