//! What commands on sets and hashes, and evictions, leave in the stream.

use super::pump::World;

/// The commands that follow the first SELECT in the stream while these lines run, each as one line.
fn stream(conf: &str, lines: &[&str]) -> Vec<String> {
    let mut w = World::new(7);
    let m = w.start(&format!("repl-diskless-sync-delay 0\n{conf}"));
    let conn = w.client(m);
    w.send(m, conn, b"SYNC\r\n");
    w.run();
    w.received(m, conn);
    w.tell(m, "SELECT 0");
    for line in lines {
        w.ask(m, line);
    }
    let bytes = w.received(m, conn);
    let text = String::from_utf8_lossy(&bytes);
    let (mut commands, mut words) = (Vec::new(), text.split("\r\n"));
    while let Some(count) = words.next().and_then(|w| w.strip_prefix('*')) {
        let count: usize = count.parse().expect("a count");
        let command: Vec<&str> = (0..count).filter_map(|_| words.nth(1)).collect();
        commands.push(command.join(" "));
    }
    commands.retain(|c| !c.starts_with("SELECT") && c != "PING");
    commands
}

#[test]
fn what_is_chance_here_is_told_as_what_came_out() {
    let told = stream("", &["SADD s a b c", "SPOP s", "SPOP s 100", "SPOP s 3", "SADD s a"]);
    assert_eq!(
        (told.len(), &*told[0], &*told[2], &*told[3]),
        (4, "SADD s a b c", "DEL s", "SADD s a")
    );
    assert!(told[1].starts_with("SREM s "), "{}", told[1]);
    let told = stream("", &["SADD s a b c d", "SPOP s 2"]);
    assert_eq!((&*told[1], told.len(), &*told[4]), ("MULTI", 5, "EXEC"));
    assert!(told[2].starts_with("SREM s ") && told[3].starts_with("SREM s "), "{told:?}");
}

#[test]
fn what_changes_nothing_is_not_told() {
    let lines = [
        "SADD s a",
        "SADD s a",
        "SREM s x",
        "SMOVE s t x",
        "SMOVE s t a",
        "SINTERSTORE u none",
        "SUNIONSTORE u t",
        "HSET h f 1",
        "HSETNX h f 2",
        "HDEL h g",
        "HINCRBYFLOAT h f 0.5",
        "HINCRBY h g 2",
        "SRANDMEMBER t 5",
        "SORT t ALPHA STORE l",
        "SORT none STORE l",
        "SORT none STORE l",
    ];
    assert_eq!(
        stream("", &lines),
        [
            "SADD s a",
            "SMOVE s t a",
            "SUNIONSTORE u t",
            "HSET h f 1",
            "HSET h f 1.5",
            "HINCRBY h g 2",
            "SORT t ALPHA STORE l",
            "SORT none STORE l",
        ]
    );
}

#[test]
fn what_is_evicted_is_told_before_the_command_that_needs_room() {
    for (conf, word) in [("", "DEL"), ("lazyfree-lazy-eviction yes", "UNLINK")] {
        let told = stream(
            conf,
            &[
                "SET a 1",
                "CONFIG SET maxmemory-policy allkeys-random",
                "CONFIG SET maxmemory 1",
                "SET b 1",
            ],
        );
        assert_eq!(told, ["SET a 1".to_owned(), format!("{word} a")]);
    }
}
