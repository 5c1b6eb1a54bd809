# Godwit: `make run` and `make test` do everything on a fresh Debian machine with Swift and git.
SHELL := /bin/bash
.DEFAULT_GOAL := help

BUILD_PACKAGES := libssl-dev libz-dev pkg-config
TEST_PACKAGES := prometheus shellcheck
PEER_PACKAGES := libleveldb-dev librocksdb-dev liblmdb-dev
RELEASE := swift build -c release --static-swift-stdlib --product godwit
DATA ?= data
RESULTS ?= .build/lab/latest
FUZZ_SECONDS ?= 60
BENCH ?=
RUNS ?= 100
FUZZERS := packet frame message envelope report tunnel initial repair peer datagram record header hint log

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

.PHONY: packages
packages: ## Install the system packages that the build needs
	@netem/packages.sh $(BUILD_PACKAGES)

.PHONY: release
release: packages ## Build the release binary .build/release/godwit
	$(RELEASE)

.PHONY: run
run: release ## Build and serve with config/godwit.yaml and embedded storage under ./data
	.build/release/godwit serve --config config/godwit.yaml --data $(DATA)

.PHONY: test
test: packages ## Everything: lint, unit, property and simulator tests, fuzz corpus, promtool, lab (smoke length)
	@netem/packages.sh $(TEST_PACKAGES)
	$(MAKE) lint
	GODWIT_REQUIRE_TOOLS=1 swift test --no-parallel
	$(MAKE) allocations
	$(MAKE) lab-files
	$(MAKE) lab-smoke

.PHONY: test-fast
test-fast: packages ## The pure targets' tests only, under a minute
	swift test --filter 'GodwitWireTests|GodwitTLSTests|GodwitTransportTests|GodwitSessionTests|BitcaskTests'

.PHONY: simulate
simulate: packages ## Replay one simulator seed: make simulate SEED=42
	GODWIT_SIM_SEED=$(SEED) swift test --filter GodwitSimulationTests

.PHONY: simulate-chat
simulate-chat: packages ## The lab's chat, connecting, its blackout, a 200 KB image and bulk in virtual time on all its profiles; RUNS conversations of 150 messages each
	swift build -c release --product godwit-judge
	.build/release/godwit-judge chat all $(RUNS)
	.build/release/godwit-judge connect all $(RUNS)
	.build/release/godwit-judge reconnect all $(RUNS)
	.build/release/godwit-judge mixed all 5
	.build/release/godwit-judge blackout all 20
	.build/release/godwit-judge image all 10
	.build/release/godwit-judge bulk all 3

.PHONY: allocations
allocations: packages ## What an echo allocates in the optimised transport is within its limit
	swift build -c release --static-swift-stdlib --product godwit-judge
	.build/release/godwit-judge allocations

.PHONY: lab
lab: release ## Godwit and its peers through bad networks, netem/matrix/full.matrix: about an hour (needs root); LAB="--runs 3 …" adds flags
	.build/release/godwit lab run $(LAB)

.PHONY: lab-files
lab-files: ## The lab's profiles, traces, scenarios and peers can be read, its figures are right (a second, no root)
	@netem/packages.sh python3 python3-yaml
	cd netem/guest && /usr/bin/python3 -B -m unittest discover -s tests -t .

.PHONY: lab-check
lab-check: ## The lab's networks do what they are told: raw probes through real netem (a minute and a half, needs root)
	cd netem/guest && ../guest.sh /usr/bin/python3 -B -m unittest -v tests.networks_check

.PHONY: lab-smoke
lab-smoke: release ## The same with netem/matrix/smoke.matrix: a few minutes
	.build/release/godwit lab run --smoke $(LAB)

.PHONY: lab-report
lab-report: release ## Tables and pictures of the newest results (or RESULTS="dir …", oldest first) into docs/benchmarks.md and docs/benchmarks/
	.build/release/godwit lab report $(RESULTS) --output docs/benchmarks

.PHONY: bench
bench: release ## Echo round trips a second beside a bare NIO UDP echo
	.build/release/godwit bench echo

.PHONY: bench-store
bench-store: release ## Bitcask beside LevelDB, RocksDB and LMDB, a quarter of an hour; BENCH="--only open" and others narrow it
	@netem/packages.sh $(PEER_PACKAGES)
	GODWIT_STORE_PEERS=1 swift build -c release --static-swift-stdlib --scratch-path .build-peers --product godwit-store-peers
	.build/release/godwit bench store $(BENCH)

.PHONY: fuzz
fuzz: packages ## Fuzz every decoder for FUZZ_SECONDS each (libFuzzer with AddressSanitizer); findings stay in Tests/GodwitFuzzingTests/Corpus
	GODWIT_FUZZ=1 swift build -c release --scratch-path .build-fuzz --product godwit-fuzz
	@for target in $(FUZZERS); do \
	    echo "fuzzing $$target for $(FUZZ_SECONDS) s"; \
	    SWIFT_BACKTRACE=enable=no GODWIT_FUZZ_TARGET=$$target .build-fuzz/release/godwit-fuzz -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -print_final_stats=1 \
	        -artifact_prefix=Tests/GodwitFuzzingTests/Corpus/$$target/found- Tests/GodwitFuzzingTests/Corpus/$$target || exit 1; \
	done

.PHONY: lint
lint: ## swift format, strictly; shell scripts through shellcheck
	swift format lint --strict --recursive --parallel Package.swift Sources Tests
	@command -v shellcheck >/dev/null && shellcheck -S warning netem/*.sh .ci/run || echo "shellcheck is missing: make test installs it"

.PHONY: format
format: ## Format all Swift sources
	swift format --in-place --recursive --parallel Package.swift Sources Tests

.PHONY: clean
clean: ## Remove what was built (never the data directory)
	rm -rf .build .build-fuzz .build-peers
