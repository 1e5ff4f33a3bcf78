# The same names that .ci/run uses. Each recipe is a plain command, so `just` is a convenience only.

# What a change must pass before it is shown to others, without what takes long
default: lint test

# All tests; each has its own time limit
test:
    cargo test --workspace

# Format and clippy, warnings as errors; shell scripts too
lint:
    .ci/run lint shell

# Licences, bans and sources of all dependencies
deny:
    .ci/run deny

# API documentation, broken links as errors
doc:
    .ci/run doc

# Ten seconds of each fuzz target; FILMWIRE_FUZZ_SECONDS=600 for a night
fuzz:
    .ci/run fuzz

# Foreign clients against the simulated camera
peers:
    .ci/run peers

# Make the page of how far gphoto2 gets with each simulated body
gphoto2:
    cargo build --release --bin filmwire
    .ci/gphoto2 target/release/filmwire > target/gphoto2.md
    cp target/gphoto2.md docs/protocol/gphoto2.md

# Two cameras with one address, in network namespaces
namespaces:
    .ci/run namespaces

# Delivering to real servers on this computer
stores:
    .ci/run stores

# A camera's network joined through the real NetworkManager, in a world of its own
link:
    .ci/run link

# The station's service, set up by the guide under a systemd of its own
service:
    .ci/run station

# A published site in a real browser
site:
    .ci/run site

# Build every crate from the archive that would be published
package:
    .ci/run package

# Files of real cameras, where Debian's source packages have them
formats:
    .ci/run formats

# Model, cut, kill and hostile-camera tests with a seed of the commit
model:
    .ci/run model

# One table of speed and memory beside its baselines
bench:
    cargo run --release -p filmwire-bench

# The station beside rclone, to real servers on this computer
deliveries:
    cargo build --release -p filmwire -p filmwire-station -p filmwire-bench
    .ci/deliveries target/release/filmwire-bench

# The counts a release is tried with; takes long. FILMWIRE_SEED=... repeats a run
soak:
    FILMWIRE_HISTORIES=10000 FILMWIRE_KILLS=1000 FILMWIRE_CUTS=200 \
        cargo test --release -p filmwire-ingest --test model --test kill --test cut -- --nocapture
    FILMWIRE_KILLS=1000 cargo test --release -p filmwire-station --test kill -- --nocapture
    FILMWIRE_KILLS=1000 .ci/small-disk cargo test --release -p filmwire-station --test kill -- --ignored --nocapture
    FILMWIRE_FRAMES=100000 cargo test --release -p filmwire-shoot --test timelapse -- --nocapture
    FILMWIRE_CYCLES=200 cargo test --release -p filmwire-station --bin filmwire-station cycles:: -- --nocapture
    FILMWIRE_CYCLES=200 FILMWIRE_LIMIT=3 .ci/run link
    FILMWIRE_LIMIT=10 FILMWIRE_FUZZ_SECONDS=600 .ci/run fuzz

# Make the protocol book's tables from the code
tables:
    cargo run -q -p filmwire-codec --example tables -- markdown > docs/protocol/codes.md
    cargo run -q -p filmwire-codec --example tables -- json > docs/protocol/codes.json

# Everything CI runs, in a copy of the tracked tree
all:
    .ci/run
