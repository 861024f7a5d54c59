//! The contract as `wit-bindgen` writes it from `wit/`.
//!
//! Imports are generated once, for a world that has all of them: the linker keeps what the step calls, so that the
//! component's import list is what it uses. Exports are generated once per kind of step; the macros of the crate
//! root pick one, since a component must define everything that its world exports.

/// Everything a step can import.
pub mod imports {
    wit_bindgen::generate!({
        world: "everything",
        path: "wit",
        generate_unused_types: true,
        additional_derives: [PartialEq],
    });
}

/// What every step exports.
pub mod step {
    wit_bindgen::generate!({
        inline: "
            package kilnbox:guest;

            world step-exports {
                export kilnbox:plugin/plugin@1.0.0;
                export kilnbox:plugin/validator@1.0.0;
            }
        ",
        path: "wit",
        with: { "kilnbox:plugin/types@1.0.0": super::imports::kilnbox::plugin::types },
        pub_export_macro: true,
        export_macro_name: "export_step",
    });
}

/// What a provisioner exports besides.
pub mod provisioner {
    wit_bindgen::generate!({
        inline: "
            package kilnbox:guest;

            world provisioner-exports {
                export kilnbox:plugin/provisioner@1.0.0;
            }
        ",
        path: "wit",
        with: { "kilnbox:plugin/types@1.0.0": super::imports::kilnbox::plugin::types },
        pub_export_macro: true,
        export_macro_name: "export_provisioner",
    });
}

/// What a post-processor exports besides.
pub mod post_processor {
    wit_bindgen::generate!({
        inline: "
            package kilnbox:guest;

            world post-processor-exports {
                export kilnbox:plugin/post-processor@1.0.0;
            }
        ",
        path: "wit",
        with: { "kilnbox:plugin/types@1.0.0": super::imports::kilnbox::plugin::types },
        pub_export_macro: true,
        export_macro_name: "export_post_processor",
    });
}
