//! The commands of development: `cargo xtask <command>`.

mod advisories;
mod api;
mod bench;
mod ci;
mod clients;
mod conform;
mod console;
mod fixture;
mod fuzz;
mod package;
mod servers;
mod shell;
mod soak;
mod tidy;

use std::process::ExitCode;

const HELP: &str = "\
Usage: cargo xtask <command>

  ci                 install what the tests need, then run every check and every test
  check              the checks without the tests: format, lints, tidy, docs, dependencies,
                     advisories
  advisories         check the dependencies for known vulnerabilities; needs network access
  tidy               the rules of this repository that no other tool knows
  generate           write the generated files
  api                try the admin API with what its document says, on the release binary
  bench [options]    measure speed and memory (--console: the web console); docs/benchmarks.md
  engines            compare answers with those of DuckDB, ClickHouse and Spark over exported facts,
                     on the release binary
  fixture NAME       write the store tests/upgrade/NAME, for later releases to open
  fuzz [TARGET…] [--seconds N]
                     try inputs on every parser and decoder; 60 seconds each
  conform DIR [VERSION] [--postgres]
                     run the official conformance suite, checked out in DIR
  console [--write | --browser]
                     check and build the web console, and compare it with what is committed; write
                     what is committed; or test it in a browser, on the release binary
  objects            install the object storage that the tests use, below `target`
  package            make the Debian package, with cargo-deb
  oidc               install the OpenID provider that the tests use, with npm
  soak [--minutes N] [--seed N]
                     hostile random requests of one tenant beside the work of another, on both
                     engines; 60 minutes
  with-postgres -- COMMAND…
                     run a command beside a PostgreSQL server for its tests
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let outcome = match command.as_str() {
        "ci" => ci::run_all(),
        "check" => ci::check(),
        "advisories" => advisories::check(),
        "tidy" => tidy::run(),
        "generate" => {
            shell::run(shell::cargo().args(["run", "--quiet", "--package", "acta-reference"]))
        }
        "api" => api::run(),
        "bench" => bench::run(&rest),
        "engines" => clients::engines::run_all(),
        "fixture" => fixture::run(&rest),
        "fuzz" => fuzz::run(&rest),
        "conform" => conform::run(&rest),
        "console" => console::run_with(&rest),
        "objects" => servers::objects::install(),
        "package" => package::run_all(),
        "oidc" => servers::oidc::install(),
        "soak" => soak::run(&rest),
        "with-postgres" => servers::postgres::run(&rest),
        _ => {
            shell::say(HELP);
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            shell::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
