# Kilnbox's commands for people and for CI. All of them can be run again at any time.

# A fresh login may not have rustup's programs on its path yet.
export PATH := $(HOME)/.cargo/bin:$(PATH)

.PHONY: help demo test bench fuzz lint

help:
	@echo 'make demo   set up this machine, build kilnbox, build the image of examples/quickstart'
	@echo 'make test   set up this machine, run every test'
	@echo 'make bench  set up this machine, measure kilnbox beside Packer and OpenSSH (ARGS=--help)'
	@echo 'make fuzz   look for input that breaks a reader, two minutes each (ARGS=--help)'
	@echo 'make lint   formatting, clippy, and licences and advisories where cargo-deny is installed'

demo:
	@scripts/setup demo
	@cargo build
	@scripts/demo

test:
	@scripts/setup test
	@scripts/test

bench:
	@scripts/setup test
	@scripts/bench $(ARGS)

fuzz:
	@scripts/fuzz $(ARGS)

lint:
	@scripts/setup demo
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	@if command -v cargo-deny >/dev/null; then cargo deny check; \
	else echo 'NOT RUN: cargo deny, because cargo-deny is not installed'; fi
