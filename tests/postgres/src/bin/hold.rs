//! Makes a database, prints its URL, and holds it until it is killed: for the test that nothing
//! outlives a killed process.

use std::io::Write as _;
use std::thread;

use acta_test_postgres::Database;

fn main() -> std::io::Result<()> {
    let database = Database::fresh();
    let mut output = std::io::stdout();
    writeln!(output, "{}", database.url())?;
    output.flush()?;
    loop {
        thread::park();
    }
}
