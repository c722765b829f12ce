# `make` alone tells what there is.
.DEFAULT_GOAL := help
.PHONY: help setup tools build release install uninstall deb demo demo-slurm test check check-cron check-api check-dashboard
.PHONY: check-deb check-systemd sim fuzz chaos bench soak peers kernels clean

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

setup: ## Install the Debian packages that building needs (etc/setup.sh)
	@etc/setup.sh --build

tools: ## Install those that the tests need, too
	@etc/setup.sh --minimal

build: setup ## Build everything, for debugging
	swift build
	etc/dashboard .build/debug
	etc/templates .build/debug

release: setup ## Build for use, with Swift's runtime inside: smaller in memory, quicker to start
	Benchmarks/build millrace millraced millrace-host exec checksum thumbnail wordcount balloon spin lookup \
	  python cleanup archiver mirror sqlite index http health metrics
	etc/dashboard .build/bench/release
	etc/templates .build/bench/release

export DESTDIR PREFIX
install: ## Put what `make release` built into PREFIX (/usr/local), below DESTDIR
	etc/install

uninstall: ## Take away what `make install` put there
	etc/install --uninstall

deb: release ## Make a Debian package of it, in .build/deb
	@etc/setup.sh --deb
	etc/deb

demo: build ## See it work: a runner, its plugins, real jobs and their history
	etc/demo

demo-slurm: build tools ## See one queue over this machine and a Slurm cluster of two nodes
	etc/demo slurm

test: tools ## Run every test, those of the kernel in a test kernel where needed
	swift build --build-tests
	etc/ci/test

check: tools ## Look at format, style and shell scripts
	swift format lint --strict -r -p $(wildcard Package.swift Sources Tests plugins Benchmarks)
	etc/ci/shell
	etc/ci/style
	etc/ci/selftest

CASES ?= 1000
check-cron: tools ## Compare `schedule preview` with croniter and cronsim: make check-cron CASES=10000
	etc/check-cron --cases $(CASES)

check-api: CASES = 20000
check-api: tools ## Hold a real runner against docs/openapi.yaml, by schemathesis: make check-api CASES=20000
	etc/check-api --cases $(CASES)

PICTURES ?= .build/dashboard
check-dashboard: tools ## Work with the dashboard in Chromium: make check-dashboard PICTURES=DIRECTORY
	etc/check-dashboard --pictures $(PICTURES)

check-deb: release ## Install the package on a bare Debian 12 and work with it there; ten minutes
	@etc/setup.sh --deb
	etc/check-deb

check-systemd: release ## Test the units and `millrace init` with a real systemd; five minutes
	@etc/setup.sh --deb
	etc/check-systemd

SEEDS ?= 10000
sim: setup ## Simulate many seeds, release build: make sim SEEDS=100000
	swift build -c release --scratch-path .build/bench --product millrace
	.build/bench/release/millrace simulate --seed 1 --seeds $(SEEDS)
	.build/bench/release/millrace simulate --schedules --seeds $(SEEDS)

SECONDS ?= 60
fuzz: tools ## Look for inputs that break a parser: make fuzz SECONDS=60 [PARSERS="cron swf"]
	etc/fuzz $(SECONDS) $(PARSERS)

KILLS ?= 42
chaos: SEEDS = 5
chaos: build ## Kill the runner while jobs flow, look for what is lost: make chaos SEEDS=5 KILLS=42
	etc/chaos $(SEEDS) $(KILLS)

bench: tools ## Measure, beside the machine's own limits
	Benchmarks/run

JOBS ?= 1000000
soak: setup ## Run very many jobs, look whether anything grows: make soak JOBS=20000
	Benchmarks/soak $(JOBS)

peers: setup ## Measure beside other systems, which it installs; an hour
	Benchmarks/peers/run

kernels: ## Test both test kernels themselves (installs QEMU; five minutes)
	@etc/setup.sh
	etc/kernel/selftest

clean: ## Remove everything that was built
	rm -rf .build
