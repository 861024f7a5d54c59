//! Small provisioners that do nothing, with a version and imports of one's choice.

use kilnbox_tests::repository;
use sha2::{Digest as _, Sha256};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// A function of each interface, so that the component imports it: what is not used is dropped.
fn import(interface: &str) -> String {
    let (function, signature) = match interface {
        "ui" => ("say", "(param i32 i32)"),
        "exec" => ("[constructor]command", "(param i32 i32) (result i32)"),
        "connection" => ("get", "(param i32 i32)"),
        "prompt" => ("ask", "(param i32 i32 i32)"),
        other => panic!("no function of `{other}` is known here"),
    };
    format!(r#"(import "kilnbox:plugin/{interface}@1.0.0" "{function}" (func {signature}))"#)
}

/// The bytes of a provisioner. It imports `types` and what is named.
pub(crate) fn component(name: &str, version: &str, interfaces: &[&str]) -> Vec<u8> {
    const SCHEMA: &str = r#"{"type":"object","additionalProperties":false}"#;
    let number = |number: usize| bytes(&u32::try_from(number).expect("a short text").to_le_bytes());
    let (name_length, version_length, schema_length) =
        (number(name.len()), number(version.len()), number(SCHEMA.len()));
    let imports: String = interfaces.iter().map(|interface| import(interface)).collect();
    let (name, version, schema) = (
        bytes(name.as_bytes()),
        bytes(version.as_bytes()),
        bytes(SCHEMA.as_bytes()),
    );
    let text = format!(
        r#"(module
            (import "kilnbox:plugin/types@1.0.0" "[resource-drop]instance" (func $drop_instance (param i32)))
            (import "kilnbox:plugin/types@1.0.0" "[resource-drop]job" (func $drop_job (param i32)))
            {imports}
            (memory (export "memory") 2)
            (global $heap (mut i32) (i32.const 65536))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (global.set $heap (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
                (global.get $heap)
                (global.set $heap (i32.add (global.get $heap) (local.get 3))))
            ;; info: name at 64, version at 192, kind, schema at 256
            (data (i32.const 0) "\40\00\00\00{name_length}\c0\00\00\00{version_length}\00\00\00\00\00\01\00\00{schema_length}")
            (data (i32.const 64) "{name}")
            (data (i32.const 192) "{version}")
            (data (i32.const 256) "{schema}")
            (func (export "kilnbox:plugin/plugin@1.0.0#describe") (result i32) (i32.const 0))
            (func (export "kilnbox:plugin/provisioner@1.0.0#run")
                (param $instance i32) (param $job i32) (result i32)
                (call $drop_instance (local.get $instance))
                (call $drop_job (local.get $job))
                ;; no error
                (i32.const 1024)))"#
    );
    let mut module = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let beyond: String = ["connection", "prompt"]
        .iter()
        .filter(|interface| interfaces.contains(interface))
        .map(|interface| format!("import kilnbox:plugin/{interface}@1.0.0; "))
        .collect();
    let world = format!(
        "package test:guest; world guest {{ include kilnbox:plugin/provisioner-plugin@1.0.0; {beyond} }}"
    );
    let mut resolve = Resolve::default();
    resolve
        .push_dir(repository().join("wit"))
        .expect("the contract can be read");
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

/// SHA-256 as registries write it.
pub(crate) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{:x}", Sha256::digest(bytes))
}

/// As the text format writes bytes.
fn bytes(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
}
