//! A Python that has moto: the one that `make test` has made, or one of the tests' own.

use std::{
    fs,
    path::{Path, PathBuf},
};

use tokio::process::Command;

/// Names the Python that `make test` has made.
const NAMED_BY: &str = "DATALAKE_MOTO_PYTHON";
const REQUIREMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/moto/requirements.txt");
/// In an environment of ours: what is installed there. Written last, so that half an environment has none.
const MARKER: &str = "installed.txt";

/// Returns a Python that can run moto. Without one the test has not been made, and must fail.
pub(super) async fn with_moto() -> PathBuf {
    match named() {
        Some(python) => {
            assert!(python.is_file(), "{NAMED_BY} names {}, which is not there", python.display());
            python
        }
        None => own().await,
    }
}

#[expect(clippy::disallowed_methods, reason = "the tests' own environment, not the bot's")]
fn named() -> Option<PathBuf> {
    std::env::var(NAMED_BY).ok().filter(|it| !it.is_empty()).map(PathBuf::from)
}

/// Makes a virtual environment with the requirements in it, unless there is one.
async fn own() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("moto");
    let python = folder.join("bin/python");
    let wanted = fs::read_to_string(REQUIREMENTS).unwrap();
    if fs::read_to_string(folder.join(MARKER)).is_ok_and(|it| it == wanted) {
        return python;
    }
    let make = Command::new("python3");
    carry_out(make, &["-m", "venv", "--clear"], &folder).await;
    let install = Command::new(&python);
    let quietly = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
    carry_out(install, &quietly, Path::new(REQUIREMENTS)).await;
    fs::write(folder.join(MARKER), wanted).unwrap();
    python
}

async fn carry_out(mut command: Command, arguments: &[&str], path: &Path) {
    command.args(arguments).arg(path);
    let needs = format!("this test needs Python 3 with venv, and a package index to install {REQUIREMENTS} from");
    let output = command.output().await.unwrap_or_else(|error| panic!("{needs}: {error}: {command:?}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{needs}: {}: {command:?}\n{said}", output.status);
}
