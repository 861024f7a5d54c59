//! The C SDK keeps the contract as `wit-bindgen` writes it, so that authors need not have that program. Here it is
//! written once more and compared.

use std::fs;

use kilnbox_tests::repository;
use wit_bindgen_c::{Enabled, Opts};
use wit_bindgen_core::Files;
use wit_parser::Resolve;

#[track_caller]
fn check(world: &str) {
    let sdk = repository().join("guest-sdk/c/contract");
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
        autodrop_borrows: Enabled::Yes,
        ..Opts::default()
    };
    options
        .build()
        .generate(&mut resolve, id, &mut files)
        .expect("the world can be written in C");

    for (name, content) in files.iter() {
        let kept = sdk.join(world).join(name);
        assert!(
            fs::read(&kept).is_ok_and(|kept| kept == content),
            "`{}` is not what comes of `wit/`: run `make -C guest-sdk/c contract`",
            kept.display()
        );
    }
}

#[test]
fn provisioners_have_the_contract_of_today() {
    check("provisioner");
}

#[test]
fn post_processors_have_the_contract_of_today() {
    check("post-processor");
}
