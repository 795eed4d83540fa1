# Each target first installs what it needs and is missing (see scripts/setup), and says what it installs.

PREFIX ?= /usr/local
CARGO_HOME ?= $(HOME)/.cargo
export PATH := $(CARGO_HOME)/bin:$(PATH)

.PHONY: help build install test lint audit fuzz demo bench soak

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

build: ## build target/release/sclone
	@scripts/setup build
	cargo build --release --locked

install: build ## install sclone in PREFIX/bin (PREFIX=/usr/local)
	install -D -m 755 "$${CARGO_TARGET_DIR:-target}/release/sclone" "$(DESTDIR)$(PREFIX)/bin/sclone"

test: ## run every test
	@scripts/setup test
	cargo test --locked

lint: ## check the format, the lints, the documentation and what is depended on
	@scripts/setup lint
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items
	cargo deny --locked check bans licenses sources

audit: ## look for known faults in the dependencies (asks the network)
	@scripts/setup audit
	cargo deny --locked check advisories

FUZZ_SECONDS ?= 60

fuzz: ## run each fuzz target for FUZZ_SECONDS=60
	@cargo +nightly --version >/dev/null || { echo "fuzzing needs nightly Rust: rustup toolchain install nightly"; exit 1; }
	@cargo fuzz --version >/dev/null || { echo "fuzzing needs cargo-fuzz: cargo install cargo-fuzz"; exit 1; }
	set -e; for target in $$(cargo fuzz list); do \
		cargo +nightly fuzz run $$target -- -max_total_time=$(FUZZ_SECONDS); \
	done

demo: build ## log in with certificates on a real server and show it
	@scripts/setup demo
	scripts/demo "$${CARGO_TARGET_DIR:-target}/release/sclone"

bench: ## measure against rclone, sftp and rsync (RCLONE=/path/to/rclone for another than Debian's)
	@scripts/setup bench
	cargo bench --locked --bench peers --bench small_files

SOAK_SECONDS ?= 600

soak: ## break thousands of connections and copy meanwhile, for SOAK_SECONDS=600
	@scripts/setup test
	SOAK_SECONDS=$(SOAK_SECONDS) cargo bench --locked --bench soak
