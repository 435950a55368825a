//! Programs made by this machine's C compiler, and patched into what it would not make.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::process::Command;

use super::*;

/// Compiles a C program on this machine.
fn compile(source: &str, arguments: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("main.c"), folder.path().join("main"));
    std::fs::write(&input, source).unwrap();
    let run = Command::new("cc")
        .arg(&input)
        .arg("-o")
        .arg(&output)
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    std::fs::read(output).unwrap()
}

fn host() -> Architecture {
    Architecture::host().unwrap()
}

fn other() -> Architecture {
    match host() {
        Architecture::X86_64 => Architecture::Arm64,
        Architecture::Arm64 => Architecture::X86_64,
    }
}

const HELLO: &str = "#include <stdio.h>\nint main(void) { puts(\"hello\"); return 0; }";

/// Replaces text of the same length everywhere.
fn patch(binary: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut patched = binary.to_vec();
    let mut hits = 0;
    for at in 0..=binary.len() - from.len() {
        if &binary[at..at + from.len()] == from.as_bytes() {
            patched[at..at + to.len()].copy_from_slice(to.as_bytes());
            hits += 1;
        }
    }
    assert!(hits > 0, "{from} is not in the binary");
    patched
}

#[test]
fn programs_that_lambda_can_run_have_no_problem() {
    assert_eq!(check_binary(&compile(HELLO, &[]), host()), []);
    assert_eq!(check_binary(&compile(HELLO, &["-static"]), host()), []);
    assert_eq!(check_binary(&compile(HELLO, &["-static-pie"]), host()), []);
    assert_eq!(check_binary(&compile(HELLO, &["-no-pie"]), host()), []);
}

#[test]
fn a_rust_program_has_no_problem() {
    // Ourselves: rustc links std in a way that Lambda's runtime can load.
    let binary = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let problems = check_binary(&binary, host());
    assert!(
        !problems.iter().any(BinaryProblem::stops_here),
        "{problems:?}"
    );
    assert!(read_needs(&binary, host()).unwrap().versions.len() > 3);
}

#[test]
fn the_other_architecture_is_named() {
    let problems = check_binary(&compile(HELLO, &[]), other());
    assert_eq!(
        problems,
        [BinaryProblem::Architecture {
            found: host().to_string(),
            expected: other()
        }]
    );
    let mut patched = compile(HELLO, &[]);
    // `e_machine` of the ELF header.
    patched[18..20].copy_from_slice(&243_u16.to_le_bytes());
    let problems = check_binary(&patched, Architecture::X86_64);
    assert!(problems[0].stops_here() && problems[0].stops_on_aws());
    insta::assert_snapshot!(problems[0], @"it is compiled for RISC-V, not for x86_64");
    // 32 bits.
    patched[4] = 1;
    insta::assert_snapshot!(
        check_binary(&patched, Architecture::Arm64)[0],
        @"it is compiled for a 32-bit processor, not for arm64"
    );
}

#[test]
fn a_newer_glibc_is_named_with_its_symbols() {
    // A program that asks for the oldest version there is of `exp`, made to
    // ask for one that is too new.
    let binary = compile(
        "#include <math.h>\n#include <stdlib.h>\n\
         int main(int n, char **v) { return exp(n) > 3 && log(n) > 1; }",
        &["-lm", "-fno-builtin"],
    );
    let problems = check_binary(&patch(&binary, "GLIBC_2.29", "GLIBC_2.38"), host());
    insta::assert_snapshot!(
        problems[0],
        @"it needs GLIBC_2.38 (for exp, log); the runtime provided.al2023 has glibc 2.34"
    );
    insta::assert_snapshot!(problems[0].hint().unwrap(), @"install cargo-zigbuild, which links to the runtime's glibc and is then used by itself: pip install cargo-zigbuild");
    assert!(problems[0].stops_on_aws() && !problems[0].stops_here());
    assert!(problems[0].is_solved_by_zigbuild());
    // The newest that is still there.
    assert_eq!(
        check_binary(&patch(&binary, "GLIBC_2.29", "GLIBC_2.34"), host()),
        []
    );
}

#[test]
fn a_weak_wish_for_a_newer_glibc_is_allowed() {
    let binary = compile(
        "#include <math.h>\nint main(int n, char **v) { return exp(n) > 3; }",
        &["-lm", "-fno-builtin"],
    );
    let mut patched = patch(&binary, "GLIBC_2.29", "GLIBC_2.38");
    assert_eq!(check_binary(&patched, host()).len(), 1);
    // A version's record begins with the hash of its name; flags follow.
    let hash = elf::hash(b"GLIBC_2.29").to_le_bytes();
    let at = patched.windows(4).position(|bytes| bytes == hash).unwrap();
    patched[at + 4..at + 6].copy_from_slice(&elf::VER_FLG_WEAK.0.to_le_bytes());
    assert_eq!(check_binary(&patched, host()), []);
}

#[test]
fn versions_are_compared_as_numbers() {
    assert!(glibc_version("GLIBC_2.4") < RUNTIME_GLIBC);
    assert!(glibc_version("GLIBC_2.2.5") < RUNTIME_GLIBC);
    assert!(glibc_version("GLIBC_2.34") == RUNTIME_GLIBC);
    assert!(glibc_version("GLIBC_2.100") > RUNTIME_GLIBC);
    assert!(glibc_version("GLIBC_3.1") > RUNTIME_GLIBC);
    assert!(glibc_version("GLIBC_ABI_DT_RELR") > RUNTIME_GLIBC);
}

#[test]
fn foreign_linkers_and_libraries_are_found() {
    let problems = check_binary(
        &compile(HELLO, &["-Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1"]),
        host(),
    );
    insta::assert_snapshot!(problems[0], @"its dynamic linker `/lib/ld-musl-x86_64.so.1` is not in the runtime provided.al2023");

    let binary = compile(HELLO, &["-Wl,--no-as-needed", "-lm"]);
    let problems = check_binary(&patch(&binary, "libm.so.6", "libq.so.5"), host());
    insta::assert_snapshot!(problems[0], @"it loads libq.so.5, not known to be in the runtime provided.al2023");
    assert!(!problems[0].stops_on_aws());
}

#[test]
fn other_files_are_told_apart() {
    let found = |bytes: &[u8]| check_binary(bytes, host())[0].to_string();
    insta::assert_snapshot!(found(b""), @"it is an empty file, not an ELF file for Linux");
    insta::assert_snapshot!(found(b"#!/bin/sh\nexit 0\n # long enough to be looked at"), @"it is a script, not an ELF file for Linux");
    let mut mach = vec![0; 64];
    mach[..4].copy_from_slice(&[0xcf, 0xfa, 0xed, 0xfe]);
    insta::assert_snapshot!(found(&mach), @"it is a program for macOS, not an ELF file for Linux");
    insta::assert_snapshot!(found(&compile("int f(void) { return 1; }", &["-c"])), @"it is an ELF file but not a program");
    insta::assert_snapshot!(found(&compile("int f(void) { return 1; }", &["-shared", "-fPIC", "-nostdlib"])), @"it is an ELF file but not a program");
}

#[test]
fn damaged_files_are_no_reason_to_panic() {
    let binary = compile(HELLO, &[]);
    for length in (0..binary.len()).step_by(97) {
        check_binary(&binary[..length], host());
    }
    let mut state = 7_usize;
    for _ in 0..2000 {
        let mut broken = binary.clone();
        for _ in 0..4 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let at = (state >> 20) % broken.len();
            broken[at] = (state >> 12) as u8;
        }
        check_binary(&broken, host());
    }
    insta::assert_snapshot!(
        check_binary(&binary[..64], host())[0],
        @"its ELF headers are damaged: Invalid ELF program header size or alignment"
    );
}
