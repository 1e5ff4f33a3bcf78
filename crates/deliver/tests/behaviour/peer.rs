//! The targets the suite runs over, and what is at them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use filmwire_deliver::store::Store;
use filmwire_deliver::{Exec, ExecOptions, FileTarget, Folder, Target, Usage};

use crate::server::Server;
use crate::stand::content_of;

/// As many calls as have trouble, one in each run.
const CALLS: usize = 8;

/// Stores a file as a careful program would: by way of a temporary name, nothing replaced.
const STORE: &str = r#"
order=$(cat)
field() { printf '%s' "$order" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
from=$(field path) name=$(field name) n=1
mkdir -p "$(dirname "$0/$name")" || exit 75
part=$0/$name.$$.tmp
cp "$from" "$part" || exit 75
while :; do
    to=$0/$name
    [ $n = 1 ] || to=$0/${name%.*}-$n.${name##*.}
    ln "$part" "$to" 2>/dev/null && break
    cmp -s "$from" "$to" && break
    n=$((n + 1))
done
rm -f "$part"
"#;

#[derive(Clone, Debug)]
pub(crate) enum Peer {
    Folder,
    Exec,
    /// A server that serves what is below the folder for temporary files.
    Server(Server),
}

/// All there are: servers only where `.ci/stores` started them.
pub(crate) fn peers() -> Vec<Peer> {
    let servers = Server::all().into_iter().map(Peer::Server);
    [Peer::Folder, Peer::Exec].into_iter().chain(servers).collect()
}

/// Those that are stores.
pub(crate) fn stores() -> Vec<Peer> {
    peers().into_iter().filter(|peer| !matches!(peer, Peer::Exec)).collect()
}

impl Peer {
    pub(crate) fn store(&self, root: &Path) -> Arc<dyn Store> {
        match self {
            Self::Folder => Arc::new(Folder::new(root.to_owned())),
            Self::Server(server) => server.store(root),
            Self::Exec => panic!("a program is no store"),
        }
    }

    pub(crate) fn files(&self, root: &Path, owner: &str) -> FileTarget {
        FileTarget::new(self.store(root), MADE, owner)
    }

    /// A new object for the target at `root`, as after a restart.
    pub(crate) fn target(&self, root: &Path, owner: &str) -> Arc<dyn Target> {
        match self {
            Self::Exec => Arc::new(Exec::new(ExecOptions {
                argv: ["sh", "-c", STORE, root.to_str().unwrap()].map(str::to_owned).to_vec(),
                limit: Duration::from_secs(60),
            })),
            Self::Folder | Self::Server(_) => Arc::new(self.files(root, owner)),
        }
    }

    pub(crate) fn makes_parents(&self) -> bool {
        matches!(self, Self::Server(server) if server.makes_parents())
    }

    /// Whether two may deliver to it at once: a name is looked for and given in one step. The guide
    /// tells which places are so.
    pub(crate) fn may_be_shared(&self) -> bool {
        !matches!(self, Self::Server(server) if server.names_in_two_steps())
    }

    /// At which calls the trouble of this number comes: at each, or at one of its own where each
    /// call takes a program or more.
    pub(crate) fn calls(&self, trouble: usize) -> Range<usize> {
        let at = trouble % CALLS;
        let is_rclone = matches!(self, Self::Server(server) if server.is_rclone());
        if is_rclone { at..at + 1 } else { 0..CALLS }
    }

    pub(crate) fn content(root: &Path) -> BTreeMap<String, Vec<u8>> {
        content_of(root)
    }
}

pub(crate) const MADE: Usage = Usage { make: true, read_back: true };

pub(crate) fn folder_at(root: &Path, owner: &str) -> FileTarget {
    Peer::Folder.files(root, owner)
}
