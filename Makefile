# The list of commands; continuous integration calls the same (.ci/run).
# Needed: git, a C toolchain, make, Python 3.9 or newer with venv, rustup. The rest is installed under target/.

.NOTPARALLEL:
.DEFAULT_GOAL := help

CARGO ?= cargo
PYTHON ?= python3
TERRAFORM ?= terraform

# Pinned, so that a new version's new findings come when we choose.
DENY_VERSION := 0.20.2
DENY := target/tools/$(DENY_VERSION)/bin/cargo-deny
FUZZ_VERSION := 0.13.2
FUZZ := target/tools/fuzz-$(FUZZ_VERSION)/bin/cargo-fuzz
MOTO := target/moto/bin/python
SPARK := target/spark/bin/python

# Tests that start moto do it with this Python.
export DATALAKE_MOTO_PYTHON := $(CURDIR)/$(MOTO)

.PHONY: help
help: ## What there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## The whole bot on this machine, with stand-ins for AWS and Slack
	$(CARGO) run --locked -- sandbox

.PHONY: demo
demo: ## One run from slash command to finished thread, printed
	$(CARGO) run --locked -- sandbox --demo

.PHONY: check
check: fmt clippy ## What is quick: format and lints

.PHONY: test
test: fmt tree deny clippy doc glue unit ## Everything that must pass before a merge

.PHONY: fmt
fmt: ## The format
	$(CARGO) fmt --all -- --check

# The second line is the build of the release image, without the stand-ins.
.PHONY: clippy
clippy: ## The lints
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	$(CARGO) clippy --locked --workspace --no-default-features -- -D warnings

.PHONY: doc
doc: ## The documentation, private items too
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --document-private-items

# With Spark itself, the version that Glue has, and a Java of its own. Sockets to it are closed by the process's end.
.PHONY: glue
glue: $(SPARK) ## The tests of the Glue job, deploy/glue
	$(SPARK) -W ignore::ResourceWarning -m unittest discover --buffer -s tests/glue -t tests

# Last in `make test`: the runner's closing lines are the last that is printed. There are no tests in the documentation.
# The property tests play the same cases for everybody: a merge does not fail for what another one has brought in.
.PHONY: unit
unit: export PROPTEST_RNG_SEED = 20261123
unit: $(MOTO) ## All tests
	$(CARGO) test --locked --workspace --tests

# A finding becomes a test of its own before it is mended.
CASES ?= 10000
.PHONY: explore
explore: ## The property tests with CASES new cases each
	PROPTEST_CASES=$(CASES) $(CARGO) test --locked --lib

# SEEDS says how many seeds are played, SEED plays one and prints what happened.
SIM := $(CARGO) test --locked --lib --
.PHONY: sim
sim: ## The whole engine, simulated: SEEDS=1000, or one SEED with its trace
	$(if $(SEED),SEED=$(SEED),SEEDS=$(or $(SEEDS),1000)) $(SIM) engine::sim::tests::sim --exact --ignored --nocapture
	$(if $(SEED),,$(SIM) engine::sim::tests::every_planted_fault_is_found --exact --nocapture)

# Tests that print what they measure, in the sizes that docs/reliability.md gives; PROFILE=release for the release build.
PROFILE ?= dev
.PHONY: figures
figures: ## The figures of docs/reliability.md
	FIGURES=1 $(CARGO) test --locked --profile $(PROFILE) --test it figures:: -- --nocapture --test-threads=1 2>&1 \
		| grep -E '^FIGURE|^test |panicked'

# Beside Bolt, Slack's own framework, on one core each; see bench/ack/README.md. Node, npm and taskset have to be there.
ACK := target/bench-ack
.PHONY: bench-ack
bench-ack: ## What an acknowledgement costs, beside Bolt for JS and for Python
	$(CARGO) build --release --locked --no-default-features
	$(CARGO) build --release --locked --manifest-path bench/ack/Cargo.toml --target-dir $(ACK)/load
	mkdir -p $(ACK)/bolt-js && cp bench/ack/bolt/package.json $(ACK)/bolt-js/
	npm install --prefix $(ACK)/bolt-js --silent --no-audit --no-fund
	test -x $(ACK)/python/bin/python || $(PYTHON) -m venv $(ACK)/python
	$(ACK)/python/bin/python -m pip install --quiet --disable-pip-version-check --requirement bench/ack/bolt/requirements.txt
	taskset -c 1 $(ACK)/load/release/bench-ack $(ONLY)

# Beside aws-cli, boto3, s5cmd, rclone and a plain loop over the SDK; see bench/publish/README.md. rclone is Debian's, and
# is left out, and told so, where there is no apt-get. OBJECTS=1000 for smaller worlds, ONLY=stale,s5cmd for parts of it.
PUBLISH := target/bench-publish
.PHONY: bench-publish
bench-publish: ## What publishing costs, beside the tools that people use
	$(CARGO) build --release --locked --no-default-features
	$(CARGO) build --release --locked --manifest-path bench/publish/Cargo.toml --target-dir $(PUBLISH)/rust
	test -x $(PUBLISH)/python/bin/python || $(PYTHON) -m venv $(PUBLISH)/python
	$(PUBLISH)/python/bin/python -m pip install --quiet --disable-pip-version-check --requirement bench/publish/requirements.txt
	mkdir -p $(PUBLISH)/debian
	-cd $(PUBLISH)/debian && { test -x usr/bin/rclone || { apt-get download -q rclone && dpkg -x rclone_*.deb .; }; }
	$(PYTHON) bench/publish/bench.py $(PUBLISH) target/release/datalake-bot

# From outside, against three replicas; SEED=7 repeats one.
.PHONY: schedules
schedules: ## Many seeded schedules of troubles against the real program
	$(if $(SEED),SEED=$(SEED),SEEDS=$(or $(SEEDS),100)) $(CARGO) test --locked --test it schedules:: -- --nocapture

.PHONY: messages
messages: ## docs/messages.md, from the snapshots of what people read
	UPDATE_MESSAGES=1 $(CARGO) test --locked --test it messages::

# Coverage by libFuzzer, without a sanitizer: those need a nightly compiler, and this crate has no unsafe code.
SECONDS_EACH ?= 60
.PHONY: fuzz
fuzz: $(FUZZ) ## Every parser of foreign bytes, for SECONDS_EACH seconds each
	set -e; for target in $$($(FUZZ) list); do \
		$(FUZZ) run --sanitizer none $$target -- -max_total_time=$(SECONDS_EACH) -timeout=1 -rss_limit_mb=512; done

# `cargo deny` sees the crates of all features together; these two sets are narrower, or wider.
.PHONY: tree
tree: ## Crates that must not be there
	@mkdir -p target
	$(CARGO) tree --locked --prefix none --edges normal,build --no-default-features > target/tree-release
	$(CARGO) tree --locked --prefix none --edges all --all-features --target all > target/tree-all
	@! grep -E '^chrono ' target/tree-release || { echo 'The release build must not have these.'; exit 1; }
	@! grep -E '^(ring|openssl|openssl-sys|native-tls) ' target/tree-all || { echo 'Nothing may have these.'; exit 1; }

.PHONY: deny
deny: $(DENY) ## Licences, banned crates, sources, known vulnerabilities
	$(DENY) --locked check bans licenses sources
	.ci/advisories $(DENY)

.PHONY: review
review: ## Look at snapshots that have changed, and accept or refuse them
	@$(CARGO) insta --version > /dev/null 2>&1 || { echo 'First: cargo install --locked cargo-insta'; exit 1; }
	$(CARGO) insta review

.PHONY: image
image: ## The container image
	docker build --file deploy/Dockerfile --tag datalake-bot .

# Not in `make test`: Terraform and its provider for AWS would have to be there. TERRAFORM_PLUGINS may name a folder that
# holds the provider, for machines without a network.
.PHONY: terraform
terraform: ## The format and validity of deploy/terraform
	$(TERRAFORM) fmt -check -diff deploy/terraform
	$(TERRAFORM) -chdir=deploy/terraform init -backend=false -input=false \
		$(if $(TERRAFORM_PLUGINS),-plugin-dir=$(TERRAFORM_PLUGINS))
	$(TERRAFORM) -chdir=deploy/terraform validate

$(DENY):
	$(CARGO) install --locked cargo-deny --version $(DENY_VERSION) --root target/tools/$(DENY_VERSION)

$(FUZZ):
	$(CARGO) install --locked cargo-fuzz --version $(FUZZ_VERSION) --root target/tools/fuzz-$(FUZZ_VERSION)

$(MOTO): tests/moto/requirements.txt
	$(PYTHON) -m venv target/moto
	$(MOTO) -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

$(SPARK): tests/glue/requirements.txt
	$(PYTHON) -m venv target/spark
	$(SPARK) -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@
