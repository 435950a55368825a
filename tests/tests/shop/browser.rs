//! The same path in a real browser, by the tests of `frontend/e2e`.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use shopctl_tests::checkout;

use crate::{Shop, step};

/// Screenshots go to `ARTIFACTS_DIR`, or else to `target/e2e-artifacts`.
pub(crate) fn customer_walks_through(shop: &Shop) {
    let frontend = checkout().join("frontend");
    let browser = std::env::var_os("CHROMIUM").map_or("/usr/bin/chromium".into(), PathBuf::from);
    assert!(
        frontend.join("node_modules").is_dir(),
        "the browser tests need the site's packages: npm ci --prefix frontend"
    );
    assert!(
        browser.is_file(),
        "the browser tests need Chromium: apt-get install chromium, or set CHROMIUM"
    );
    let artifacts = std::env::var_os("ARTIFACTS_DIR")
        .map_or_else(|| checkout().join("target/e2e-artifacts"), PathBuf::from);
    let begin = Instant::now();
    let output = Command::new("npm")
        .args(["run", "--silent", "e2e"])
        .current_dir(frontend)
        .env("SITE_URL", shop.url("site"))
        .env("CHROMIUM", browser)
        .env("ARTIFACTS_DIR", &artifacts)
        .output()
        .expect("npm runs");
    assert!(
        output.status.success(),
        "the browser tests failed; see {}\n{}\n{}",
        artifacts.display(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    step("walked through in a browser", begin.elapsed());
}
