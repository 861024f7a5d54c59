//! Components for the tests, written as core WebAssembly text around the contract of `wit/`.
//!
//! A test says what `run` does; the rest (describe, memory, allocator) is here. What is not imported by the text is
//! not imported by the component, as with any toolchain that drops what is unused.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// Imports that a guest's text may use.
const IMPORTS: &str = r#"
    (import "kilnbox:plugin/types@1.0.0" "[resource-drop]instance" (func $drop_instance (param i32)))
    (import "kilnbox:plugin/types@1.0.0" "[resource-drop]job" (func $drop_job (param i32)))
"#;

/// What a hostile or plain guest is made of.
pub(crate) struct Guest<'a> {
    /// Further imports, as text.
    pub(crate) imports: &'a str,
    /// Globals, functions and data; data starts at 4096.
    pub(crate) items: &'a str,
    /// Before `describe` answers.
    pub(crate) describe: &'a str,
    /// Instructions of `run`, with the parameters `$instance` and `$job` and the local `$i`; leaves the address of the
    /// result, of which 512 is success.
    pub(crate) run: &'a str,
    /// A world that the guest is built for.
    pub(crate) world: &'a str,
}

impl Default for Guest<'_> {
    fn default() -> Self {
        Self {
            imports: "",
            items: "",
            describe: "",
            run: "(i32.const 512)",
            world: "include kilnbox:plugin/provisioner-plugin@1.0.0;",
        }
    }
}

impl Guest<'_> {
    /// The component.
    pub(crate) fn build(&self) -> Vec<u8> {
        let Self {
            imports,
            items,
            describe,
            run,
            world,
        } = self;
        let text = format!(
            r#"(module
                {IMPORTS}
                {imports}
                (memory (export "memory") 1)
                (global $heap (mut i32) (i32.const 16384))
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                    (global.set $heap (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
                    (global.get $heap)
                    (global.set $heap (i32.add (global.get $heap) (local.get 3))))
                ;; info: name, version, kind, schema
                (data (i32.const 0) "\20\00\00\00\05\00\00\00\28\00\00\00\05\00\00\00\00\00\00\00\30\00\00\00\02\00\00\00")
                (data (i32.const 32) "guest")
                (data (i32.const 40) "1.2.3")
                (data (i32.const 48) "{{}}")
                ;; 512: ok. 528: error, code other, message at 560, context empty
                (data (i32.const 528) "\01\00\00\00\08\00\00\00\30\02\00\00\08\00\00\00\00\00\00\00\00\00\00\00")
                (data (i32.const 560) "no good!")
                {items}
                (func (export "kilnbox:plugin/plugin@1.0.0#describe") (result i32)
                    {describe}
                    (i32.const 0))
                (func (export "kilnbox:plugin/provisioner@1.0.0#run") (param $instance i32) (param $job i32) (result i32)
                    (local $i i32)
                    {run}
                    (call $drop_instance (local.get $instance))
                    (call $drop_job (local.get $job))))"#
        );
        let mut module = wat::parse_str(&text).unwrap();
        let mut resolve = Resolve::default();
        resolve
            .push_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit"))
            .unwrap();
        let source = format!("package test:guest; world guest {{ {world} }}");
        let package = resolve.push_str("guest.wit", &source).unwrap();
        let world = resolve.select_world(&[package], Some("guest")).unwrap();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        ComponentEncoder::default()
            .module(&module)
            .unwrap()
            .validate(true)
            .encode()
            .unwrap()
    }
}
