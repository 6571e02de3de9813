//! Model tests: any steps on a platform of its own, after which the books must agree.

use super::{Engine, engine};
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestRunner};

/// Runs a model test on sequences of steps, so many on SQLite and on PostgreSQL, where each look at the database is a
/// connection. A run panics where something does not agree.
pub fn run_workload<S: Strategy>(
    (on_sqlite, on_postgres): (u32, u32),
    steps: &S,
    run: impl AsyncFn(S::Value),
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let cases = if engine() == Engine::Sqlite { on_sqlite } else { on_postgres };
    let config = Config { cases, max_shrink_iters: 40, failure_persistence: None, ..Config::default() };
    let ran = TestRunner::new(config).run(steps, |steps| {
        runtime.block_on(run(steps));
        Ok(())
    });
    ran.expect("the books agree");
}
