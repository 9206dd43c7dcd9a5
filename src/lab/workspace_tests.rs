use super::*;

fn open(dir: &Path) -> Workspace {
    Workspace::open(dir, Arc::new(Journal::default()), Arc::new(LabClock::new())).expect("opens")
}

#[test]
fn paths_resolve_by_their_text() {
    let tmp = tempfile::tempdir().expect("temp dir");
    let w = open(tmp.path());
    assert_eq!(w.resolve("/data", "6380/redis.conf"), "/data/6380/redis.conf");
    assert_eq!(w.resolve("/data/6380", "../6381/./x//y/"), "/data/6381/x/y");
    assert_eq!(w.resolve("/data", "/data/6380"), "/data/6380");
    assert_eq!(w.resolve("/data", "../../../.."), "/");
}

#[test]
fn files_live_and_die_and_the_journal_hears() {
    let tmp = tempfile::tempdir().expect("temp dir");
    let w = open(tmp.path());
    w.mkdir("/data/6380", false).expect("mkdir");
    let again = w.mkdir("/data/6380", false).expect_err("is there");
    assert_eq!(again.cause, "/data/6380: File exists");
    w.mkdir("/data/6380", true).expect("-p");
    w.mkdir("/data/a/b", true).expect("-p");
    w.write("/data/6380/redis.conf", b"port 6380\n").expect("write");
    assert_eq!(w.read("/data/6380/redis.conf").expect("read"), b"port 6380\n");
    let names: Vec<_> = w.list("/data").expect("ls").into_iter().map(|e| e.name).collect();
    assert_eq!(names, ["6380", "a"]);
    assert_eq!(
        w.remove("/data/6380", false).expect_err("a folder").cause,
        "/data/6380: Is a directory"
    );
    w.remove("/data/6380", true).expect("rm -r");
    assert!(!w.exists("/data/6380") && w.exists("/data/a/b"));
    assert!(w.remove("/data", true).is_err() && w.exists("/data"));
    let model = w.journal.model_at(w.journal.len()).expect("in reach");
    assert_eq!(model.files().collect::<Vec<_>>(), ["/data/a", "/data/a/b"]);
    let missing = w.read("/data/none").expect_err("not there");
    assert_eq!(missing.cause, "/data/none: No such file or directory");
    assert!(missing.hint.is_some());
}

#[test]
fn nothing_leads_out() {
    let tmp = tempfile::tempdir().expect("temp dir");
    let session = tmp.path().join("session");
    let w = open(&session);
    fs::write(tmp.path().join("secret"), "x").expect("write");
    fs::write(session.join("session.jsonl"), "record").expect("write");
    w.mkdir("/data/in", false).expect("mkdir");
    w.write("/data/in/f", b"inside").expect("write");
    let data = w.host_folder().to_path_buf();
    std::os::unix::fs::symlink(tmp.path(), data.join("out")).expect("link");
    std::os::unix::fs::symlink(tmp.path().join("new"), data.join("dangling")).expect("link");
    std::os::unix::fs::symlink("in", data.join("alias")).expect("link");

    for path in [
        "/etc/passwd",
        "/",
        "/database",
        "/data/../session.jsonl",
        "/data/../../secret",
        "/data/in/../../../secret",
        "/data/out/secret",
        "/data/out/not-there",
        "/data/dangling",
        "/data/x\0y",
    ] {
        assert!(w.read(path).is_err(), "read {path:?}");
        assert!(w.write(path, b"owned").is_err(), "write {path:?}");
    }
    assert!(w.mkdir("/data/out/dir", true).is_err());
    assert!(w.list("/data/out").is_err());
    assert!(w.remove("/data/out/secret", true).is_err());
    assert!(w.remove("/data/out/../../secret", true).is_err());
    assert_eq!(fs::read_to_string(tmp.path().join("secret")).expect("still there"), "x");
    assert!(!tmp.path().join("new").exists() && !tmp.path().join("dir").exists());
    assert_eq!(w.read("/data/alias/f").expect("a link inside is fine"), b"inside");
    w.remove("/data/out", true).expect("the link itself may go");
    assert!(tmp.path().join("secret").exists());
}

#[test]
fn rescan_tells_what_an_instance_made() {
    let tmp = tempfile::tempdir().expect("temp dir");
    let w = open(tmp.path());
    w.mkdir("/data/6380", false).expect("mkdir");
    fs::write(w.host_folder().join("6380/dump.rdb"), "REDIS").expect("write");
    w.rescan();
    let before = w.journal.len();
    let model = w.journal.model_at(before).expect("in reach");
    assert!(model.file_exists("/data/6380/dump.rdb"));
    w.rescan();
    assert_eq!(w.journal.len(), before, "nothing changed, nothing told");
    fs::remove_file(w.host_folder().join("6380/dump.rdb")).expect("rm");
    w.rescan();
    let model = w.journal.model_at(w.journal.len()).expect("in reach");
    assert!(!model.file_exists("/data/6380/dump.rdb") && model.file_exists("/data/6380"));
}
