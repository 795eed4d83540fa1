# Each target first installs what it needs and is missing (see scripts/setup), and says what it installs.

PREFIX ?= /usr/local
CARGO_HOME ?= $(HOME)/.cargo
export PATH := $(CARGO_HOME)/bin:$(PATH)

.PHONY: help build install test compare style lint audit fuzz demo bench soak

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

build: ## build target/release/sclone
	@scripts/setup build
	cargo build --release --locked

CARGO_TARGET_DIR ?= target
SCLONE ?= $(CARGO_TARGET_DIR)/release/sclone
SHARE = $(DESTDIR)$(PREFIX)/share

# With SCLONE=/path/to/sclone nothing is built.
install: $(if $(filter file,$(origin SCLONE)),build) ## install sclone, its manual and completions in PREFIX (PREFIX=/usr/local)
	install -D -m 755 "$(SCLONE)" "$(DESTDIR)$(PREFIX)/bin/sclone"
	install -d "$(SHARE)/man/man1" "$(SHARE)/bash-completion/completions" "$(SHARE)/zsh/site-functions" \
		"$(SHARE)/fish/vendor_completions.d"
	"$(SCLONE)" man "$(SHARE)/man/man1"
	"$(SCLONE)" completion bash "$(SHARE)/bash-completion/completions/sclone"
	"$(SCLONE)" completion zsh "$(SHARE)/zsh/site-functions/_sclone"
	"$(SCLONE)" completion fish "$(SHARE)/fish/vendor_completions.d/sclone.fish"

# Tests wait for servers more than they compute.
TEST_THREADS ?= 4

test: ## run every test
	@scripts/setup test
	RUST_TEST_THREADS=$(TEST_THREADS) cargo test --locked

RCLONE ?= rclone

compare: ## have rclone answer the cases of tests/compare again, and compare (RCLONE=/path/to/rclone)
	@scripts/setup test
	@command -v $(RCLONE) >/dev/null || { echo "there is no $(RCLONE): name one with RCLONE=/path/to/rclone"; exit 1; }
	SCLONE_COMPARE_RCLONE="$$(command -v $(RCLONE))" cargo test --locked --test integration compare::
	@git --no-pager diff --stat -- tests/compare || true

style: ## check the format, the lints and the documentation
	@scripts/setup style
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items

lint: style ## the same, and what is depended on
	@scripts/setup lint
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
