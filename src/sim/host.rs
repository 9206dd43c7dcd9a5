//! One instance in the virtual world: its engine, its files, its work in progress.

use super::clock::LinkClock;
use super::jobs::Job;
use crate::engine::Engine;
use crate::engine::boot::Boot;
use crate::engine::config::Config;
use crate::engine::conn::ConnId;
use crate::engine::effect::{DialId, JobId, Parked};
use crate::observe::Now;
use std::collections::{BTreeMap, BTreeSet};

/// A dial that has not come to its end.
#[derive(Clone, Debug)]
pub(super) struct Dial {
    pub(super) id: DialId,
    pub(super) port: u16,
}

pub(super) struct Host {
    pub(super) engine: Engine,
    config: Config,
    up: bool,
    /// Files by absolute path; they outlive the engine.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    pub(super) jobs: BTreeMap<JobId, Job>,
    pub(super) dial: Option<Dial>,
    /// The alarm that is set in the queue.
    pub(super) alarm: Option<u64>,
    /// Connections whose output did not fit into their pipes.
    pub(super) unwritten: BTreeSet<ConnId>,
    /// Peers' ephemeral ports count up from here.
    pub(super) next_ephemeral: u16,
    /// Stopped as by SIGSTOP; then these wait: jobs, and connections that ended.
    pub(super) frozen: bool,
    pub(super) stalled: Vec<JobId>,
    pub(super) ended: Vec<(ConnId, Option<String>)>,
}

impl Host {
    pub(super) fn boot(
        port: u16,
        config: Config,
        files: BTreeMap<String, Vec<u8>>,
        seed: u64,
        life: u64,
        now: Now,
    ) -> Host {
        let mut bytes = [0u8; 32];
        for (i, chunk) in bytes.chunks_mut(8).enumerate() {
            chunk.copy_from_slice(&(seed.rotate_left(i as u32 * 13) ^ i as u64).to_le_bytes());
        }
        let run_id: String = (0..5).map(|i| format!("{:08x}", (seed >> (i * 7)) as u32)).collect();
        let boot = Boot {
            seed: bytes,
            run_id,
            pid: 4_200_000 + u32::try_from(life).unwrap_or(0),
            os: "Virtual 1.0 x86_64".to_owned(),
            executable: "/usr/bin/redis-server".to_owned(),
            program: "redis-server".into(),
            configured: true,
            config_file: None,
            port,
            system_memory: 8 << 30,
        };
        let engine = Engine::new(boot, config.clone(), now);
        Host {
            engine,
            config,
            up: true,
            files,
            jobs: BTreeMap::new(),
            dial: None,
            alarm: None,
            unwritten: BTreeSet::new(),
            next_ephemeral: 40_000,
            frozen: false,
            stalled: Vec::new(),
            ended: Vec::new(),
        }
    }

    pub(super) fn is_up(&self) -> bool {
        self.up
    }

    /// Up, and not frozen.
    pub(super) fn runs(&self) -> bool {
        self.up && !self.frozen
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// The end of this life: work in progress is dropped, files stay.
    pub(super) fn down(&mut self) {
        self.up = false;
        self.jobs.clear();
        self.dial = None;
        self.alarm = None;
        self.unwritten.clear();
        self.frozen = false;
        self.stalled.clear();
        self.ended.clear();
    }

    pub(super) fn into_files(self) -> BTreeMap<String, Vec<u8>> {
        self.files
    }

    /// The path that the instance means, made absolute by its `dir`.
    pub(super) fn absolute(&self, path: &str) -> String {
        if path.starts_with('/') {
            return path.to_owned();
        }
        format!("{}/{path}", self.engine.config().dir.trim_end_matches('/'))
    }

    pub(super) fn file(&self, path: &str) -> Option<&[u8]> {
        self.files.get(&self.absolute(path)).map(Vec::as_slice)
    }

    /// The earliest moment that the engine wants to be called at.
    pub(super) fn next_alarm(&self, links: &LinkClock) -> Option<u64> {
        match self.engine.parked() {
            Some(Parked::UntilMono(at)) => Some(at),
            Some(Parked::Job(_)) => None,
            None => {
                let wake = self.engine.next_wake();
                let link_us = wake.link_us.and_then(|us| links.when(us));
                wake.mono_us.into_iter().chain(link_us).min()
            }
        }
    }
}
