# Builds and tests a step. A project's Makefile sets these and includes this file:
#
#   NAME         the name users write, such as `harden-sshd`; build/$(NAME).wasm comes of it
#   KIND         provisioner or post-processor
#   SOURCES      what it is made of
#   LOGIC        those of SOURCES that call nothing of the host, for native tests
#   TESTS        programs of native tests, one source file each; a test fails by its exit code
#   TRANSCRIPTS  transcripts, such as tests/*.toml; beside each the options of the same name with .json, and for one
#                that must fail the words of its error with .error
#
# Targets: `all` builds the component, `test` runs everything, `check` has Kilnbox look at the component, `clean`. V=1
# shows the commands.
#
# Needs clang and lld with wasi-libc and compiler-rt for wasm32, and `wasm-component-ld`: wasi-sdk has all of them
# (set WASI_SDK_PATH); or they come from a distribution, and `wasm-component-ld` with Rust or by `cargo install`.

KILNBOX_SDK := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
KILNBOX ?= kilnbox
BUILD ?= build

ifeq ($(filter $(KIND),provisioner post-processor),)
$(error KIND must be `provisioner` or `post-processor`)
endif

ifdef WASI_SDK_PATH
WASM_CC ?= $(WASI_SDK_PATH)/bin/clang
WASM_TARGET ?= wasm32-wasip2
else
WASM_CC ?= clang
WASM_TARGET ?= wasm32-wasi
# On the path, or where rustup keeps it.
COMPONENT_LD ?= $(firstword $(shell command -v wasm-component-ld) \
    $(wildcard $(shell rustc --print sysroot 2>/dev/null)/lib/rustlib/*/bin/wasm-component-ld))
LINKER = -fuse-ld=$(COMPONENT_LD)
endif

WASM_CFLAGS ?= -std=c11 -Os -Wall -Wextra -Werror=implicit-function-declaration
WASM_LDFLAGS ?= -mexec-model=reactor -Wl,--gc-sections -Wl,--strip-all
INCLUDES = -I$(KILNBOX_SDK)/include -I$(KILNBOX_SDK)/contract/$(KIND)
NATIVE_CFLAGS ?= -std=c11 -g -Wall -Wextra

kilnbox_pure := text.c utf8.c duration.c error.c options.c schema.c outcome.c
kilnbox_sources := $(kilnbox_pure) border.c host.c ui.c exec.c upload.c files.c exports.c $(subst -,_,$(KIND)).c
kilnbox_objects := $(kilnbox_sources:%.c=$(BUILD)/wasm/kilnbox/%.o) $(BUILD)/wasm/kilnbox/cJSON.o \
    $(BUILD)/wasm/kilnbox/contract.o
objects := $(SOURCES:%.c=$(BUILD)/wasm/%.o)
component_type := $(KILNBOX_SDK)/contract/$(KIND)/contract_component_type.o
component := $(BUILD)/$(NAME).wasm

native_pure := $(kilnbox_pure:%.c=$(BUILD)/native/kilnbox/%.o) $(BUILD)/native/kilnbox/cJSON.o
native_logic := $(LOGIC:%.c=$(BUILD)/native/%.o)
native_tests := $(TESTS:%.c=$(BUILD)/native/%)

# Each step in a few words, or with V=1 as it is.
show = $(if $(V),,@printf '%-6s%s\n' '$(1)' '$(2)';)

.PHONY: all test test-native test-transcripts check clean
.SECONDARY:

all: $(component)

$(component): $(objects) $(kilnbox_objects) $(component_type)
ifndef WASI_SDK_PATH
	$(if $(COMPONENT_LD),,$(error no `wasm-component-ld` is on the path; get it with `cargo install wasm-component-ld`))
endif
	$(call show,LINK,$@) $(WASM_CC) --target=$(WASM_TARGET) $(LINKER) $(WASM_LDFLAGS) -o $@ $^

compile_wasm = $(call show,CC,$<) mkdir -p $(@D) && $(WASM_CC) --target=$(WASM_TARGET) -ffunction-sections -fdata-sections \
    $(WASM_CFLAGS) $(INCLUDES) $(CPPFLAGS) -MMD -MP -c -o $@ $<
compile_native = $(call show,CC,$<) mkdir -p $(@D) && $(CC) $(NATIVE_CFLAGS) $(INCLUDES) $(CPPFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/wasm/kilnbox/cJSON.o: $(KILNBOX_SDK)/third_party/cjson/cJSON.c
	$(compile_wasm)

$(BUILD)/wasm/kilnbox/contract.o: $(KILNBOX_SDK)/contract/$(KIND)/contract.c
	$(compile_wasm)

$(BUILD)/wasm/kilnbox/%.o: $(KILNBOX_SDK)/src/%.c
	$(compile_wasm)

$(BUILD)/wasm/%.o: %.c
	$(compile_wasm)

test: test-native test-transcripts

# Each program is run from the project's folder.
test-native: $(native_tests)
	@set -e; for test in $^; do $$test; echo "ok: $$test"; done

$(native_tests): $(BUILD)/native/%: $(BUILD)/native/%.o $(native_logic) $(native_pure)
	$(call show,LINK,$@) $(CC) $(NATIVE_CFLAGS) -o $@ $^ -lm

$(BUILD)/native/kilnbox/cJSON.o: $(KILNBOX_SDK)/third_party/cjson/cJSON.c
	$(compile_native)

$(BUILD)/native/kilnbox/%.o: $(KILNBOX_SDK)/src/%.c
	$(compile_native)

$(BUILD)/native/%.o: %.c
	$(compile_native)

test-transcripts: $(component)
	@KILNBOX=$(KILNBOX) sh $(KILNBOX_SDK)/run-transcripts $(component) $(TRANSCRIPTS)

check: $(component)
	$(KILNBOX) plugin check $(component)

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
