//! The component of a case: written as WebAssembly text around the contract of `wit/`, or a file that is none.
//!
//! A case says what is hostile; the rest (describe, memory, allocator) is here. What the text does not import is not
//! imported by the component, as with any toolchain that drops what is unused.

use std::{fs, path::Path, process::Command};

use kilnbox_tests::{guest, repository};
use serde::Deserialize;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::case::{Bytes, Case};

/// Where `describe` finds its schema: a page of its own and as many as it takes.
const SCHEMA_AT: usize = 65536;

/// What a guest may import of WASI here.
const EXIT: &str = "package wasi:cli@0.2.0; interface exit { exit: func(status: result); }";

/// A guest as text.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Wat {
    /// Further imports.
    imports: String,
    /// Globals, functions and data; data starts at 4096, and 512 to 1023 may be written over.
    items: String,
    /// Instructions that run before the host has called anything.
    start: String,
    /// Before `describe` answers.
    describe: String,
    /// What `describe` calls itself.
    name: String,
    /// The JSON Schema of its options.
    schema: String,
    /// Of `validate`; without it there is none. 640 is an empty list.
    validate: Option<String>,
    /// Instructions of `run`, with the parameters `$instance` and `$job` and the local `$i`; leaves the address of
    /// the result: 512 is success, 528 an error.
    run: String,
    /// After `run`: the handles that were lent are given back.
    end: String,
    /// Before the result of the allocator, which has the parameters of `cabi_realloc`.
    allocate: String,
    /// Linear memory in pages: the least, and the most where there is one.
    memory: String,
    /// The interfaces it imports beside those that are granted by default.
    world: String,
}

impl Default for Wat {
    fn default() -> Self {
        Self {
            imports: String::new(),
            items: String::new(),
            start: String::new(),
            describe: String::new(),
            name: "guest".to_owned(),
            schema: "{}".to_owned(),
            validate: None,
            run: "(i32.const 512)".to_owned(),
            end: "(call $drop_instance (local.get $instance)) (call $drop_job (local.get $job))".to_owned(),
            allocate: String::new(),
            memory: "64".to_owned(),
            world: String::new(),
        }
    }
}

impl Wat {
    fn build(&self) -> Vec<u8> {
        let Self {
            imports,
            items,
            start,
            describe,
            name,
            schema,
            validate,
            run,
            end,
            allocate,
            memory,
            world,
        } = self;
        let number = |number: usize| bytes(&u32::try_from(number).expect("a short text").to_le_bytes());
        let (name_length, schema_length) = (number(name.len()), number(schema.len()));
        let (name, schema, schema_at) = (
            bytes(name.as_bytes()),
            bytes(schema.as_bytes()),
            number(SCHEMA_AT),
        );
        let (start, start_section) = match start.as_str() {
            "" => (String::new(), ""),
            start => (format!("(func $start {start})"), "(start $start)"),
        };
        let validator = validate.as_ref().map_or(String::new(), |validate| {
            format!(
                r#"(func (export "kilnbox:plugin/validator@1.0.0#validate") (param i32 i32) (result i32) {validate})"#
            )
        });
        let text = format!(
            r#"(module
                (import "kilnbox:plugin/types@1.0.0" "[resource-drop]instance" (func $drop_instance (param i32)))
                (import "kilnbox:plugin/types@1.0.0" "[resource-drop]job" (func $drop_job (param i32)))
                {imports}
                (memory (export "memory") {memory})
                (global $heap (mut i32) (i32.const 1048576))
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                    {allocate}
                    (global.set $heap (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
                    (global.get $heap)
                    (global.set $heap (i32.add (global.get $heap) (local.get 3))))
                ;; info: name, version, kind, schema
                (data (i32.const 0) "\20\00\00\00{name_length}\c0\00\00\00\05\00\00\00\00\00\00\00{schema_at}{schema_length}")
                (data (i32.const 32) "{name}")
                (data (i32.const 192) "1.2.3")
                (data (i32.const {SCHEMA_AT}) "{schema}")
                ;; 512: ok. 528: error, code other, message at 560, context empty
                (data (i32.const 528) "\01\00\00\00\08\00\00\00\30\02\00\00\08\00\00\00\00\00\00\00\00\00\00\00")
                (data (i32.const 560) "no good!")
                {items}
                {start} {start_section}
                (func (export "kilnbox:plugin/plugin@1.0.0#describe") (result i32)
                    {describe}
                    (i32.const 0))
                {validator}
                (func (export "kilnbox:plugin/provisioner@1.0.0#run")
                    (param $instance i32) (param $job i32) (result i32)
                    (local $i i32)
                    {run}
                    {end}))"#
        );
        let mut module = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let validates = match validate {
            Some(_) => "export kilnbox:plugin/validator@1.0.0;",
            None => "",
        };
        let world = format!(
            "package test:guest; world guest {{ include kilnbox:plugin/provisioner-plugin@1.0.0; {validates} {world} }}"
        );
        let mut resolve = Resolve::default();
        resolve
            .push_dir(repository().join("wit"))
            .expect("the contract can be read");
        resolve.push_str("exit.wit", EXIT).expect("a part of WASI");
        let package = resolve.push_str("guest.wit", &world).expect("a world");
        let world = resolve
            .select_world(&[package], Some("guest"))
            .expect("it is there");
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("it fits");
        ComponentEncoder::default()
            .module(&module)
            .and_then(|mut encoder| encoder.encode())
            .unwrap_or_else(|error| panic!("{error:#}"))
    }
}

/// As the text format writes bytes.
fn bytes(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
}

/// Puts the component of `case` at `path`.
pub(crate) fn write(case: &Case, path: &Path) {
    let content = match case {
        Case { wat: Some(wat), .. } => wat.build(),
        Case {
            component: Some(text),
            ..
        } => wat::parse_str(spelled_out(text)).unwrap_or_else(|error| panic!("{error}")),
        Case {
            bytes: Some(bytes), ..
        } => return write_bytes(*bytes, path),
        _ => fs::read(guest(&case.plugin().replace('-', "_"))).expect("build.rs built the guests"),
    };
    fs::write(path, content).expect("a file can be written");
}

/// `{{N times: TEXT}}` stands for `TEXT` that many times, with `#` for the number.
fn spelled_out(text: &str) -> String {
    let mut spelled = String::new();
    let mut rest = text;
    while let Some((before, found)) = rest.split_once("{{") {
        let (count, found) = found.split_once(" times: ").expect("a count");
        let (repeated, after) = found.split_once("}}").expect("an end");
        spelled.push_str(before);
        for number in 0..count.parse::<u32>().expect("a number") {
            spelled.push_str(&repeated.replace('#', &number.to_string()));
        }
        rest = after;
    }
    spelled + rest
}

/// A thousand components in each other, which the text format takes no more.
fn nested() -> Vec<u8> {
    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
    const COMPONENT_SECTION: u8 = 4;
    (0..1000).fold(COMPONENT.to_vec(), |inner, _| {
        let mut outer = COMPONENT.to_vec();
        outer.push(COMPONENT_SECTION);
        // As LEB128.
        let mut length = inner.len();
        while length > 0x7f {
            outer.push(u8::try_from(length & 0x7f).expect("seven bits") | 0x80);
            length >>= 7;
        }
        outer.push(u8::try_from(length).expect("seven bits"));
        outer.extend(inner);
        outer
    })
}

fn write_bytes(bytes: Bytes, path: &Path) {
    let whole = || fs::read(guest("evil")).expect("build.rs built the guests");
    let content = match bytes {
        Bytes::Empty => Vec::new(),
        Bytes::Text => b"#!/bin/sh\nrm -rf /\n".to_vec(),
        Bytes::Truncated => {
            let whole = whole();
            whole[..whole.len() / 2].to_vec()
        }
        Bytes::Nested => nested(),
        Bytes::CoreModule => wat::parse_str("(module (func (export \"run\")))").expect("a module"),
        Bytes::HundredMegabytes => {
            // A component whose last section is padding; a hole, so that the test's own memory stays small.
            let file = fs::File::create(path).expect("a file can be made");
            fs::write(path, b"\0asm\x0d\0\x01\0").expect("a file can be written");
            return file.set_len(100 << 20).expect("a file can be long");
        }
        Bytes::Zeros => return std::os::unix::fs::symlink("/dev/zero", path).expect("a link can be made"),
        Bytes::Pipe => {
            let made = Command::new("mkfifo")
                .arg(path)
                .status()
                .expect("mkfifo is there");
            return assert!(made.success());
        }
        Bytes::Folder => return fs::create_dir(path).expect("a folder can be made"),
    };
    fs::write(path, content).expect("a file can be written");
}
