//! Who holds a port that an instance wanted.

use std::fs;

/// Names the process that listens on `port` as well as this system lets us see: `redis-server (pid
/// 4242)`, or how to find out.
pub fn describe(port: u16) -> String {
    match holder(port) {
        Some((pid, name)) => format!("Port {port} is held by {name} (pid {pid})."),
        None => format!("`lsof -i :{port}` shows who holds port {port}."),
    }
}

/// Pid and name of the process that listens on `port`, on Linux and for one's own processes.
fn holder(port: u16) -> Option<(u32, String)> {
    let inodes: Vec<u64> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| listeners(&table, port))
        .collect();
    if inodes.is_empty() {
        return None;
    }
    for process in fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|n| n.parse::<u32>().ok()) else {
            continue;
        };
        let Ok(fds) = fs::read_dir(process.path().join("fd")) else { continue };
        for fd in fds.flatten() {
            let Ok(target) = fs::read_link(fd.path()) else { continue };
            let inode = target.to_str().and_then(socket_inode);
            if inode.is_some_and(|inode| inodes.contains(&inode)) {
                let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
                // A process may call itself anything; nothing of it may reach the terminal raw.
                let name: String = name.trim().chars().filter(|c| !c.is_control()).collect();
                return Some((pid, if name.is_empty() { "a process".into() } else { name }));
            }
        }
    }
    None
}

/// Inodes of the sockets that listen (state 0A) on `port`, in the kernel's table of sockets.
fn listeners(table: &str, port: u16) -> Vec<u64> {
    let mut found = Vec::new();
    for line in table.lines().skip(1) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (Some(local), Some(&"0A"), Some(inode)) = (fields.get(1), fields.get(3), fields.get(9))
        else {
            continue;
        };
        let here = local.rsplit(':').next().and_then(|hex| u16::from_str_radix(hex, 16).ok());
        if here == Some(port)
            && let Ok(inode) = inode.parse()
        {
            found.push(inode);
        }
    }
    found
}

fn socket_inode(target: &str) -> Option<u64> {
    target.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_table_is_understood() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
            0: 0100007F:18EC 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0\n   \
            1: 0100007F:18EC 0100007F:9999 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0 100 0 0 10 0\n";
        assert_eq!(listeners(table, 6380), [4711]);
        assert!(listeners(table, 6381).is_empty());
        assert_eq!(socket_inode("socket:[4711]"), Some(4711));
        assert_eq!(socket_inode("/dev/null"), None);
    }

    #[test]
    fn our_own_port_is_found_or_the_way_to_find_it() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("bind");
        let port = taken.local_addr().expect("addr").port();
        let text = describe(port);
        assert!(text.contains(&port.to_string()), "{text}");
        if cfg!(target_os = "linux") {
            assert!(text.contains(&format!("(pid {})", std::process::id())), "{text}");
        } else {
            assert!(text.contains("lsof"), "{text}");
        }
    }
}
