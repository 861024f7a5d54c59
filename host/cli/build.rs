//! Has the program built anew when the SDKs get a file: `plugin new` embeds them.

use std::path::Path;

/// Not the whole of each SDK: its builds and tests leave much beside its sources.
const EMBEDDED: [&str; 12] = [
    "wit",
    "guest-sdk/rust/src",
    "guest-sdk/rust/template",
    "guest-sdk/python/src",
    "guest-sdk/python/template",
    "guest-sdk/javascript/src",
    "guest-sdk/javascript/build",
    "guest-sdk/javascript/template",
    "guest-sdk/c/src",
    "guest-sdk/c/include",
    "guest-sdk/c/contract",
    "guest-sdk/c/template",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for folder in EMBEDDED {
        let folder = Path::new("../..").join(folder);
        // Cargo would build each time for one that is not there.
        if folder.is_dir() {
            println!("cargo::rerun-if-changed={}", folder.display());
        }
    }
}
