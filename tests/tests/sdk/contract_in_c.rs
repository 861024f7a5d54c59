//! The C SDK keeps the contract as `wit-bindgen` writes it, so that authors need not have that program. Here it is
//! written once more and compared.

use std::{env, fs, path::Path};

use kilnbox_tests::repository;
use wit_bindgen_c::Opts;
use wit_bindgen_core::Files;
use wit_component::{WitPrinter, metadata};
use wit_parser::Resolve;

/// Set, the files are written anew instead of compared.
const WRITE: &str = "KILNBOX_WRITE_CONTRACT";

#[track_caller]
fn check(world: &str) {
    let sdk = repository().join("guest-sdk/c/contract");
    for (name, content) in written(&sdk, world).iter() {
        let kept = sdk.join(world).join(name);
        if env::var_os(WRITE).is_some() {
            fs::write(&kept, content).expect("the SDK can be written to");
        }
        let found = fs::read(&kept).unwrap_or_else(|error| panic!("`{}`: {error}", kept.display()));
        // An object bears the version of the library that wrote it; what it says of types must be the same.
        let same = match name.ends_with(".o") {
            true => types(&found) == types(content),
            false => found == content,
        };
        assert!(
            same,
            "`{}` is not what comes of `wit/`: run `{WRITE}=1 cargo test --test sdk contract_in_c`",
            kept.display()
        );
    }
}

fn written(sdk: &Path, world: &str) -> Files {
    let mut resolve = Resolve::default();
    resolve
        .push_dir(repository().join("wit"))
        .expect("the contract is sound");
    let package = resolve
        .push_file(sdk.join("worlds.wit"))
        .expect("the worlds of the SDK are sound");
    let id = resolve
        .select_world(&[package], Some(world))
        .expect("there is such a world");

    let mut files = Files::default();
    let options = Opts {
        rename_world: Some("contract".to_owned()),
        ..Opts::default()
    };
    options
        .build()
        .generate(&mut resolve, id, &mut files)
        .expect("the world can be written in C");
    files
}

/// The types in an object for the linker, as WIT.
fn types(object: &[u8]) -> String {
    let (_, found) = metadata::decode(object).expect("the object says what the component's types are");
    let mut printer = WitPrinter::default();
    for (package, _) in found.resolve.packages.iter() {
        printer
            .print(&found.resolve, package, &[])
            .expect("types can be printed");
    }
    printer.output.to_string()
}

#[test]
fn provisioners_have_the_contract_of_today() {
    check("provisioner");
}

#[test]
fn post_processors_have_the_contract_of_today() {
    check("post-processor");
}
