//! The site's own build, with scripts in the place of node and npm.

use std::fs;

use shopctl_build::{Environment, SiteError, SiteEvent, SiteRequest, build_site};

use crate::support::{Events, Folder};

/// A site whose `npm` notes each call, installs a marker and builds from `main.txt`.
fn site() -> Folder {
    let folder = Folder::new();
    folder
        .write("site/package.json", "{\"scripts\": {\"build\": \"x\"}}")
        .write("site/package-lock.json", "{\"lockfileVersion\": 3}")
        .write("site/src/main.txt", "one")
        .program("node", "")
        .program(
            "npm",
            "echo \"$@\" >> ../calls\n\
             case $1 in\n\
             ci) mkdir -p node_modules/some; echo installed;;\n\
             run) mkdir -p dist/assets; cp src/main.txt dist/index.html; echo built; echo noise >&2;;\n\
             esac",
        );
    folder
}

fn request(folder: &Folder) -> SiteRequest {
    let path = format!("{}:/usr/bin:/bin", folder.join("bin").display());
    SiteRequest {
        folder: folder.join("site"),
        build: ["npm", "run", "build"].map(str::to_owned).to_vec(),
        output: folder.join("site/dist"),
        inputs: vec![folder.join("shared")],
        cache: folder.join("cache"),
        environment: Environment::new([("PATH", path)]),
    }
}

/// Builds, and gives npm's calls since the last time.
async fn build(folder: &Folder, request: &SiteRequest) -> String {
    build_site(request, &|_| {}).await.unwrap();
    let calls = fs::read_to_string(folder.join("calls")).unwrap_or_default();
    fs::write(folder.join("calls"), "").unwrap();
    calls
        .lines()
        .map(|call| call.split(' ').next().unwrap())
        .collect::<Vec<_>>()
        .join(" ")
}

async fn fail(request: &SiteRequest) -> SiteError {
    build_site(request, &|_| {}).await.unwrap_err()
}

#[tokio::test]
async fn only_what_changed_is_done_again() {
    let folder = site();
    folder.write("shared/catalogue.json", "[]");
    let mut request = request(&folder);
    assert_eq!(build(&folder, &request).await, "ci run");
    assert_eq!(build(&folder, &request).await, "");

    folder.write("site/src/main.txt", "two");
    assert_eq!(build(&folder, &request).await, "run");
    assert_eq!(folder.read("site/dist/index.html"), "two");
    assert_eq!(build(&folder, &request).await, "");

    folder.write("site/src/new.txt", "");
    assert_eq!(build(&folder, &request).await, "run");
    fs::rename(
        folder.join("site/src/new.txt"),
        folder.join("site/src/old.txt"),
    )
    .unwrap();
    assert_eq!(build(&folder, &request).await, "run");

    // Files that hold settings are often hidden.
    folder.write("site/.env.local", "VITE_X=1");
    assert_eq!(build(&folder, &request).await, "run");

    folder.write("shared/catalogue.json", "[1]");
    assert_eq!(build(&folder, &request).await, "run");

    folder.write(
        "site/package-lock.json",
        "{\"lockfileVersion\": 3, \"x\": 1}",
    );
    assert_eq!(build(&folder, &request).await, "ci run");

    // Somebody touched the result.
    folder.write("site/dist/index.html", "broken");
    assert_eq!(build(&folder, &request).await, "run");
    fs::remove_dir_all(folder.join("site/dist")).unwrap();
    assert_eq!(build(&folder, &request).await, "run");

    request.environment = request.environment.with("VITE_MODE", "x");
    assert_eq!(build(&folder, &request).await, "run");
    request.build.push("--minify".to_owned());
    assert_eq!(build(&folder, &request).await, "run");

    // None of these is read by a build.
    request.environment = request.environment.with("TERM", "dumb");
    folder.write("site/node_modules/some/index.js", "changed");
    folder.write("site/test-results/last.json", "{}");
    folder.write("site/.DS_Store", "x");
    assert_eq!(build(&folder, &request).await, "");
}

#[tokio::test]
async fn a_link_to_nowhere_only_means_that_nothing_is_left_out() {
    let folder = site();
    folder.write("shared/x", "");
    let request = request(&folder);
    std::os::unix::fs::symlink("nowhere", folder.join("site/.#main.txt")).unwrap();
    assert_eq!(build(&folder, &request).await, "ci run");
    assert_eq!(build(&folder, &request).await, "run");
}

#[tokio::test]
async fn events_tell_what_is_done_and_said() {
    let folder = site();
    let request = request(&folder);
    let events = Events::new();
    let result = build_site(&request, &|event| events.push(event))
        .await
        .unwrap();
    assert!(result.installed && result.built);
    let text = str::to_owned;
    let line = |line| SiteEvent::LineWritten { line: text(line) };
    let seen = events.take();
    assert_eq!(
        seen[..3],
        [
            SiteEvent::InstallStarted {
                command: text("npm ci --no-audit --no-fund")
            },
            line("installed"),
            SiteEvent::BuildStarted {
                command: text("npm run build")
            },
        ]
    );
    assert!(seen.contains(&line("built")) && seen.contains(&line("noise")));
}

#[tokio::test]
async fn a_failed_install_is_repeated() {
    let folder = site();
    let request = request(&folder);
    build(&folder, &request).await;
    folder.write("site/package-lock.json", "{}");
    let npm = folder.read("bin/npm");
    folder.program("npm", "echo 'npm error code E404'; exit 7");
    let error = fail(&request).await;
    insta::assert_snapshot!(folder.redact(&error.to_string()), @r"
    `npm ci --no-audit --no-fund` failed (exit status: 7) in DIR/site
    npm error code E404
    ");
    // Even if the lock file is put back: what is installed may be half of it.
    folder.write("site/package-lock.json", "{\"lockfileVersion\": 3}");
    folder.write("site/src/main.txt", "other");
    folder.program("npm", npm.trim_start_matches("#!/bin/sh\n"));
    assert_eq!(build(&folder, &request).await, "ci run");
}

#[tokio::test]
async fn a_failed_build_shows_its_last_lines_and_is_repeated() {
    let folder = site();
    let request = request(&folder);
    build(&folder, &request).await;
    let npm = folder.read("bin/npm");
    folder.write("site/src/main.txt", "mistake");
    folder.program(
        "npm",
        "i=0; while [ $i -lt 100 ]; do i=$((i+1)); echo line $i; done; \
         rm -f dist/index.html; echo 'src/main.tsx:3:1: error' >&2; exit 1",
    );
    let error = fail(&request).await;
    let text = folder.redact(&error.to_string());
    let start = "`npm run build` failed (exit status: 1) in DIR/site\n";
    assert!(text.starts_with(start), "{text}");
    assert!(text.contains("src/main.tsx:3:1: error"), "{text}");
    assert!(text.contains("\nline 100"), "{text}");
    assert!(text.contains("\nline 9\n"), "{text}");
    assert!(text.contains("\n... 46 lines ...\n"), "{text}");
    assert!(!text.contains("line 50\n"), "{text}");
    assert_eq!(
        folder.redact(&error.hint().unwrap()),
        "see it by itself: (cd DIR/site && npm run build)"
    );
    folder.program("npm", npm.trim_start_matches("#!/bin/sh\n"));
    assert_eq!(build(&folder, &request).await, "run");
}

#[tokio::test]
async fn a_lock_file_that_does_not_fit_is_told_without_npms_options() {
    let folder = site();
    folder.program(
        "npm",
        "echo 'npm error code EUSAGE'\n\
         echo 'npm error `npm ci` can only install packages when they are in sync.'\n\
         echo 'npm error Missing: react@19 from lock file'\n\
         echo 'npm error'\n\
         echo 'npm error Clean install a project'\n\
         i=0; while [ $i -lt 100 ]; do i=$((i+1)); echo npm error option $i; done\n\
         exit 1",
    );
    let error = fail(&request(&folder)).await;
    insta::assert_snapshot!(folder.redact(&format!("{error}\n{}", error.hint().unwrap())), @r"
    `npm ci --no-audit --no-fund` failed (exit status: 1) in DIR/site
    npm error code EUSAGE
    npm error `npm ci` can only install packages when they are in sync.
    npm error Missing: react@19 from lock file
    npm error
    update the lock file: npm install --prefix DIR/site
    ");
}

#[tokio::test]
async fn missing_programs_are_named_with_the_command_that_installs_them() {
    let folder = site();
    let mut request = request(&folder);
    for program in ["npm", "node"] {
        fs::remove_file(folder.join("bin").join(program)).unwrap();
        request.environment = Environment::new([("PATH", folder.join("bin"))]);
        let error = fail(&request).await;
        assert_eq!(
            std::error::Error::source(&error).unwrap().to_string(),
            format!("`{program}` is not on the PATH")
        );
        let hint = error.hint().unwrap();
        assert!(
            hint.contains("nodejs") || hint.contains("brew install node"),
            "{hint}"
        );
    }
}

#[tokio::test]
async fn mistakes_in_the_project_file_are_told_apart() {
    let folder = site();
    let mut request = request(&folder);
    let check = async |request: &SiteRequest| {
        let error = fail(request).await;
        folder.redact(&format!("{error}\n{}", error.hint().unwrap_or_default()))
    };
    request.folder = folder.join("page");
    insta::assert_snapshot!(check(&request).await, @r"
    the site's folder DIR/page does not exist
    correct `site.path` in shopctl.yaml
    ");
    request.folder = folder.join("site");
    request.output = folder.join("site/build");
    insta::assert_snapshot!(check(&request).await, @r"
    DIR/site/build holds no index.html
    correct `site.output` in shopctl.yaml, or the build command, so that it writes there
    ");
    fs::remove_file(folder.join("site/package-lock.json")).unwrap();
    folder.write(
        "site/package.json",
        "{\"devDependencies\": {\"vite\": \"8\"}}",
    );
    insta::assert_snapshot!(check(&request).await, @r"
    there is no package-lock.json beside DIR/site/package.json
    make it and commit it: npm install --prefix DIR/site
    ");
}

#[tokio::test]
async fn a_site_of_plain_files_needs_no_program() {
    let folder = Folder::new();
    folder.write("site/index.html", "<h1>hello</h1>");
    let mut request = request(&folder);
    request.build.clear();
    request.environment = Environment::default();
    assert!(!build_site(&request, &|_| {}).await.unwrap().built);
}

#[tokio::test]
async fn any_command_can_build() {
    let folder = Folder::new();
    folder.write("site/page", "hello");
    let mut request = request(&folder);
    request.inputs.clear();
    request.build = ["sh", "-c", "mkdir -p dist && cp page dist/index.html"]
        .map(str::to_owned)
        .to_vec();
    let result = build_site(&request, &|_| {}).await.unwrap();
    assert!(result.built && !result.installed);
    assert_eq!(folder.read("site/dist/index.html"), "hello");
    assert!(!build_site(&request, &|_| {}).await.unwrap().built);
}
