//! A real redis-server joins the lab over TCP, as replica and as master: the model draws its links
//! by the port that it announced.

mod common;
mod real_redis;

use common::lab::{Client, open, wait_for};
use libtest_mimic::{Arguments, Failed};
use real_redis::{RealRedis, trial};
use synclab::lab::model::{LinkStatus, Model, Peer};
use synclab::observe::Addr;

fn main() {
    let trials = vec![
        trial("outside_replica_joins_and_leaves", outside_replica_joins_and_leaves),
        trial("outside_master_is_followed", outside_master_is_followed),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn outside(port: u16) -> Peer {
    Peer::Outside(Addr::new("127.0.0.1", port))
}

fn status(model: &Model, master: &Peer, replica: &Peer) -> Option<LinkStatus> {
    let links = model.links();
    links.iter().find(|l| l.master == *master && l.replica == *replica).map(|l| l.status)
}

fn outside_replica_joins_and_leaves() -> Result<(), Failed> {
    let (lab, _tmp) = open(true);
    lab.prepare_free()?;
    let a = lab.ports()[0];
    let mut on_a = Client::to(a);
    assert_eq!(on_a.ask("config set repl-diskless-sync-delay 0"), "+OK");
    assert_eq!(on_a.ask("set name xd"), "+OK");
    let guest = RealRedis::start(&["--replicaof", "127.0.0.1", &a.to_string()]);
    let (master, replica) = (Peer::Inside(a), outside(guest.port));
    wait_for(&lab, "the guest is online and has acknowledged everything", |m| {
        m.links().iter().any(|l| {
            l.master == master
                && l.replica == replica
                && l.status == LinkStatus::Online
                && l.behind == Some(0)
        })
    });
    let value = guest.client().call(&["GET", "name"]);
    assert_eq!(value, synclab::wire::value::Value::Bulk(b"xd".to_vec()));
    drop(guest);
    wait_for(&lab, "the guest has left", |m| {
        status(m, &master, &replica) == Some(LinkStatus::Down)
            && m.field(a, "connected_slaves").as_deref() == Some("0")
    });
    Ok(())
}

fn outside_master_is_followed() -> Result<(), Failed> {
    let (lab, _tmp) = open(true);
    lab.prepare_free()?;
    let a = lab.ports()[0];
    let host = RealRedis::start(&["--repl-diskless-sync-delay", "0"]);
    host.client().call(&["SET", "name", "xd"]);
    let mut on_a = Client::to(a);
    assert_eq!(on_a.ask(&format!("replicaof 127.0.0.1 {}", host.port)), "+OK");
    let (master, replica) = (outside(host.port), Peer::Inside(a));
    wait_for(&lab, "in sync with the master outside", |m| {
        status(m, &master, &replica) == Some(LinkStatus::Online)
    });
    assert_eq!(on_a.ask("get name"), "$2 xd");
    wait_for(&lab, "the key passed in the RDB", |m| {
        m.key(a, 0, "name").is_some_and(|k| k.value.text() == "xd")
    });
    drop(host);
    wait_for(&lab, "the loss is seen", |m| {
        m.field(a, "master_link_status").as_deref() == Some("down")
    });
    Ok(())
}
