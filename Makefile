# Zaptor. `make` alone lists what there is; the list is made of the comments after each target's name.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help up setup test test-npm client-tables deny fmt fmt-check lint bench clean

# PROFILE=release builds the optimised program, which takes about twice as long.
PROFILE ?= dev
NPM_PACKAGES := src/sandbox/page src/sandbox/phones actors/agent src/dashboard/ui
# What `make client-tables CLIENTS=…` runs; all of them without it.
CLIENTS ?=
# For `make up ARGS="--port 8080"`.
ARGS ?=

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: setup ## install what is missing, build, and start Zaptor with the sandbox on this machine
	cargo run --locked --bin zaptor --profile $(PROFILE) -- up $(ARGS)

setup: ## install what is missing and build the npm packages
	@.ci/setup

test: ## everything a change must pass: format, lints, licences, npm tests, Rust tests
	@.ci/step --fresh
	@.ci/step setup .ci/setup --tests
	@.ci/step format cargo fmt --all --check
	@.ci/step lint cargo clippy --locked --workspace --all-targets -- -D warnings
	@.ci/step deny .ci/deny
	@for package in $(NPM_PACKAGES); do .ci/step "npm-$${package##*/}" .ci/npm-tests "$$package"; done
	@.ci/step rust cargo nextest run --locked --workspace
	@.ci/step docs .ci/doc-tests
	@.ci/step --closing
	@printf '\nmake test: everything passed\n'

test-npm: ## the tests of the npm packages alone
	@.ci/npm-tests $(NPM_PACKAGES)

client-tables: ## what works with which client on the sandbox, written into src/sandbox/README.md
	@.ci/setup --npm
	cargo build --locked --bin zaptor
	ZAPTOR=$(CURDIR)/target/debug/zaptor node tests/clients/dist/run.mjs --write $(CLIENTS)

deny: ## licences, banned crates and sources of what we link
	@.ci/deny

fmt: ## format the Rust code
	cargo fmt --all

lint: ## format check and clippy, warnings refused
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings

bench: setup ## the measurements, as ratios (takes an optimised build)
	cargo bench --locked --workspace

clean: ## remove what was built; data directories stay
	cargo clean
	rm -rf $(foreach package,$(NPM_PACKAGES) tests/clients,$(package)/dist $(package)/node_modules)
