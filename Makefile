# Everything here runs as root on a Debian 12 with a Rust toolchain, and installs what else it needs.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test test-cluster bench lab clean artifacts tools lints hosts

# The first of the lab's hosts that tests run on. They bring up what they need, and DOWN removes all that they can have.
export LAB_FIRST ?= 1
DOWN := tests/lab/lab down 8 --first $(LAB_FIRST)

# nextest shows failures better, and cargo's own runner is always there.
TEST := $(if $(shell cargo nextest --version 2>/dev/null),cargo nextest run,cargo test) --locked --no-fail-fast

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.* ## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: lab ## bring three lab hosts up and provision them; again and again, if you like
	cargo run --locked --release -- --inventory inventory/lab.yaml playbooks/container_engine.yaml

test: tools lints hosts ## everything that CI runs

test-cluster: artifacts tools ## real clusters on lab hosts, from ARTIFACTS=DIR: what `artifacts_dir` is set to
	trap '$(DOWN)' EXIT; \
	ARTIFACTS="$(abspath $(ARTIFACTS))" $(TEST) --test cluster

bench: tools ## the same work by other tools, and a thousand simulated hosts; writes docs/benchmarks.md (ten minutes)
	cargo bench --locked --bench peers -- --write
	cargo bench --locked --bench scale -- --write

lab: tools ## bring three lab hosts up: h1, h2 and h3
	tests/lab/lab up 3

clean: ## remove the lab's hosts and what was built; caches stay in /var/tmp/provision-lab
	tests/lab/lab down
	cargo clean

# Rust code that calls C needs a compiler and, to be linked statically, the archive of the C library.
tools:
	install() { apt-get --quiet --quiet --yes --no-install-recommends --no-upgrade install gcc libc6-dev shellcheck; }; \
	install 2>/dev/null || { apt-get --quiet update; install; }
	tests/lab/lab install

# What needs no hosts. A debug build of cargo-deny is quick enough, and built in half the time.
lints: tools
	cargo fmt --all --check
	shellcheck tests/lab/lab tests/lab/keeper tests/lab/lib/*.sh tests/bench/install-peers tests/bench/tools/{shell,shell-run,ssh-true}
	cargo clippy --locked --workspace --all-targets -- --deny warnings
	cargo clippy --locked --workspace --test hosts --test cluster -- --deny warnings
	cargo deny --version 2>/dev/null || cargo install --locked --debug cargo-deny
	cargo deny --locked check bans licenses sources
	$(TEST) --workspace

artifacts:
	[[ -n "$(ARTIFACTS)" ]] || \
	{ echo 'which artifacts? `make test-cluster ARTIFACTS=DIR`, DIR laid out as `artifacts_dir` wants it' >&2; exit 1; }
	[[ -d "$(ARTIFACTS)/dl.k8s.io/release" ]] || \
	{ echo 'ARTIFACTS=$(ARTIFACTS): no directory dl.k8s.io/release in it; it must be laid out as `artifacts_dir` wants it' >&2; exit 1; }

# The lab goes down again whatever happens.
hosts: lints
	trap '$(DOWN)' EXIT; \
	$(TEST) --workspace --test hosts
