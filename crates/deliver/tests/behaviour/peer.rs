//! The targets the suite runs over, and what is at them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use filmwire_deliver::{Exec, ExecOptions, FileTarget, Folder, Target, Usage};

use crate::stand::content_of;

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

#[derive(Clone, Copy, Debug)]
pub(crate) enum Peer {
    Folder,
    Exec,
}

pub(crate) const PEERS: [Peer; 2] = [Peer::Folder, Peer::Exec];

impl Peer {
    /// A new object for the target at `root`, as after a restart.
    pub(crate) fn target(self, root: &Path, owner: &str) -> Arc<dyn Target> {
        match self {
            Self::Folder => Arc::new(folder_at(root, owner)),
            Self::Exec => Arc::new(Exec::new(ExecOptions {
                argv: ["sh", "-c", STORE, root.to_str().unwrap()].map(str::to_owned).to_vec(),
                limit: Duration::from_secs(60),
            })),
        }
    }

    pub(crate) fn content(root: &Path) -> BTreeMap<String, Vec<u8>> {
        content_of(root)
    }
}

pub(crate) const MADE: Usage = Usage { make: true, read_back: true };

pub(crate) fn folder_at(root: &Path, owner: &str) -> FileTarget {
    FileTarget::new(Arc::new(Folder::new(root.to_owned())), MADE, owner)
}
