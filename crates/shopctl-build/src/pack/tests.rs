//! Packing into a temporary cache.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::collections::BTreeSet;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

fn names(zip: &Path) -> BTreeSet<String> {
    let archive = zip::ZipArchive::new(File::open(zip).unwrap()).unwrap();
    archive
        .file_names()
        .map(|name| name.unwrap().into_owned())
        .collect()
}

fn pack(path: &Path, cache: &Path) -> Result<Packed, PackError> {
    pack_folder(path, Compression::Small, cache)
}

#[test]
fn a_binary_is_packed_once() {
    let cache = tempfile::tempdir().unwrap();
    // The folder does not exist yet.
    let cache = cache.path().join("a/b");
    let pack = |content: &[u8]| pack_binary(content.to_vec(), Compression::Fast, &cache);

    let first = pack(b"code").unwrap();
    assert!(!first.cached);
    let zip = fs::read(&first.zip_path).unwrap();
    assert_eq!(sha256_hex(&zip), first.digest.as_str());
    assert_eq!(first.zip_bytes, zip.len() as u64);
    assert_eq!(first.unzipped_bytes, 4);
    assert_eq!(names(&first.zip_path), ["bootstrap".to_owned()].into());

    let second = pack(b"code").unwrap();
    assert!(second.cached);
    assert_eq!(second.digest, first.digest);

    assert_ne!(pack(b"Code").unwrap().digest, first.digest);
}

#[test]
fn a_damaged_cache_is_mended() {
    let cache = tempfile::tempdir().unwrap();
    let pack = || pack_binary(vec![1; 1000], Compression::Fast, cache.path()).unwrap();
    let first = pack();
    for damage in [b"".as_slice(), b"PK\x03\x04 half of"] {
        fs::write(&first.zip_path, damage).unwrap();
        let again = pack();
        assert!(!again.cached);
        assert_eq!(again.digest, first.digest);
        assert_eq!(
            sha256_hex(&fs::read(&again.zip_path).unwrap()),
            first.digest.as_str()
        );
    }
    fs::remove_file(&first.zip_path).unwrap();
    assert!(!pack().cached);
    assert!(pack().cached);
}

#[test]
fn the_level_is_part_of_what_was_packed() {
    let cache = tempfile::tempdir().unwrap();
    let content: Vec<u8> = (0..9000_u32).flat_map(|n| (n * n).to_le_bytes()).collect();
    let fast = pack_binary(content.clone(), Compression::Fast, cache.path()).unwrap();
    let small = pack_binary(content, Compression::Small, cache.path()).unwrap();
    assert!(!small.cached);
    assert!(small.zip_bytes < fast.zip_bytes);
}

#[test]
fn entries_unused_for_long_are_removed_and_others_kept() {
    let cache = tempfile::tempdir().unwrap();
    let pack =
        |content: &[u8]| pack_binary(content.to_vec(), Compression::Fast, cache.path()).unwrap();
    let old = pack(b"old");
    let used = pack(b"used");
    let foreign = cache.path().join("notes.txt");
    fs::write(&foreign, "mine").unwrap();
    let long_ago = SystemTime::now() - KEEP - Duration::from_secs(60);
    for entry in fs::read_dir(cache.path()).unwrap() {
        let file = File::options()
            .append(true)
            .open(entry.unwrap().path())
            .unwrap();
        file.set_modified(long_ago).unwrap();
    }
    assert!(pack(b"used").cached);
    pack(b"new");
    assert!(!old.zip_path.exists());
    assert!(used.zip_path.exists());
    assert!(foreign.exists());
    assert!(pack(b"used").cached);
}

#[test]
fn a_folder_is_packed_by_content_and_owner_mode_alone() {
    let temp = tempfile::tempdir().unwrap();
    let cache = temp.path().join("cache");
    let make = |name: &str, umask: u32| {
        let root = temp.path().join(name);
        fs::create_dir_all(root.join("lib/empty")).unwrap();
        fs::create_dir_all(root.join("lib/__pycache__")).unwrap();
        for (path, mode) in [
            ("index.py", 0o666),
            ("run.sh", 0o777),
            ("lib/x.py", 0o666),
            (".hidden", 0o666),
            (".gitignore", 0o666),
        ] {
            fs::write(root.join(path), path).unwrap();
            let mode = fs::Permissions::from_mode(mode & !umask);
            fs::set_permissions(root.join(path), mode).unwrap();
        }
        fs::write(root.join(".gitignore"), "*").unwrap();
        fs::write(root.join(".DS_Store"), name).unwrap();
        fs::write(root.join("lib/__pycache__/x.pyc"), name).unwrap();
        root
    };
    let (one, two) = (make("one", 0o022), make("two", 0o077));
    let packed = pack(&one, &cache).unwrap();
    assert_eq!(pack(&two, &cache).unwrap().digest, packed.digest);
    assert_eq!(
        names(&packed.zip_path),
        [".gitignore", ".hidden", "index.py", "lib/x.py", "run.sh"]
            .map(str::to_owned)
            .into()
    );
    let mut archive = zip::ZipArchive::new(File::open(&packed.zip_path).unwrap()).unwrap();
    assert_eq!(
        archive.by_name("run.sh").unwrap().unix_mode(),
        Some(0o100_755)
    );
    assert_eq!(
        archive.by_name("index.py").unwrap().unix_mode(),
        Some(0o100_644)
    );

    fs::write(two.join("lib/x.py"), "changed").unwrap();
    assert_ne!(pack(&two, &cache).unwrap().digest, packed.digest);
}

#[test]
fn a_file_is_packed_under_its_name_and_a_zip_is_taken_as_it_is() {
    let temp = tempfile::tempdir().unwrap();
    let cache = temp.path().join("cache");
    let file = temp.path().join("index.py");
    fs::write(&file, "def handler(event, context): ...").unwrap();
    let packed = pack(&file, &cache).unwrap();
    assert_eq!(names(&packed.zip_path), ["index.py".to_owned()].into());

    let zip = temp.path().join("ready.zip");
    fs::copy(&packed.zip_path, &zip).unwrap();
    assert_eq!(pack(&zip, &cache).unwrap().digest, packed.digest);
}

#[test]
fn what_cannot_be_packed_is_named() {
    let temp = tempfile::tempdir().unwrap();
    let cache = temp.path().join("cache");
    let error = |path: &Path| {
        let error = pack(path, &cache).unwrap_err();
        error
            .to_string()
            .replace(temp.path().to_str().unwrap(), "DIR")
    };
    let folder = temp.path().join("code");
    insta::assert_snapshot!(error(&folder), @"cannot read DIR/code");
    fs::create_dir(&folder).unwrap();
    insta::assert_snapshot!(error(&folder), @"DIR/code holds no file");
    symlink("/etc", folder.join("link")).unwrap();
    insta::assert_snapshot!(error(&folder), @"DIR/code/link is a symbolic link, which cannot be packed");
    fs::remove_file(folder.join("link")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(folder.join("socket")).unwrap();
    insta::assert_snapshot!(error(&folder), @"DIR/code/socket is neither a file nor a folder");
    fs::remove_file(folder.join("socket")).unwrap();
    let large = File::create(folder.join("large.bin")).unwrap();
    large.set_len(300 * 1024 * 1024).unwrap();
    insta::assert_snapshot!(error(&folder), @"DIR/code is 300 MB unpacked; Lambda takes 250 MB at most");
}

#[test]
fn a_full_disk_is_called_one() {
    // The only file that is always full; it is no regular one, so the error
    // is taken through the mapping and not through the whole function.
    let mut full = File::options().write(true).open("/dev/full").unwrap();
    let source = full.write_all(b"x").unwrap_err();
    let error = PackError::write(Path::new("/cache/x.zip"))(source);
    assert_eq!(
        error.to_string(),
        "no space left on the disk for /cache/x.zip"
    );
    assert_eq!(
        error.hint().unwrap(),
        "free some space, then run again: df -h /cache"
    );
}

#[test]
fn a_cache_that_is_a_file_is_an_error_with_its_path() {
    let temp = tempfile::tempdir().unwrap();
    let cache = temp.path().join("cache");
    fs::write(&cache, "in the way").unwrap();
    let error = pack_binary(vec![1], Compression::Fast, &cache).unwrap_err();
    assert!(matches!(error, PackError::Write { path, .. } if path == cache));
}
