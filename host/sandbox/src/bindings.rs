//! The contract of `wit/` as Rust, generated. Traits of imports are implemented in `host/`; exports are looked up one
//! by one, because which of them a component has depends on its kind.

wasmtime::component::bindgen!({
    path: "../../wit",
    inline: "
        package kilnbox:host@1.0.0;

        world everything {
            include kilnbox:plugin/everything@1.0.0;
            export kilnbox:plugin/plugin@1.0.0;
            export kilnbox:plugin/validator@1.0.0;
            export kilnbox:plugin/provisioner@1.0.0;
            export kilnbox:plugin/post-processor@1.0.0;
        }
    ",
    world: "kilnbox:host/everything",
    imports: { default: async | trappable },
    exports: { default: async },
    trappable_error_type: {
        "kilnbox:plugin/types.error" => crate::failure::Failure,
    },
    with: {
        "kilnbox:plugin/types.instance": crate::host::types::Instance,
        "kilnbox:plugin/types.job": crate::host::types::JobHandle,
        "kilnbox:plugin/types.artifact": crate::host::types::Input,
        "kilnbox:plugin/types.processed": crate::host::types::Processed,
        "kilnbox:plugin/assets.asset": crate::host::assets::Asset,
        "kilnbox:plugin/exec.command": crate::host::exec::CommandDraft,
        "kilnbox:plugin/exec.outcome": crate::host::exec::Outcome,
        "kilnbox:plugin/exec.process": crate::host::exec::Running,
        "kilnbox:plugin/upload.writer": crate::host::upload::Writer,
        "kilnbox:plugin/upload.temporary-file": crate::host::upload::TemporaryFile,
        "kilnbox:plugin/outputs.output": crate::host::outputs::Output,
        "kilnbox:plugin/outputs.guard": crate::host::outputs::Guard,
        "kilnbox:plugin/outputs.archive": crate::host::archive::Archive,
        "kilnbox:plugin/host-exec.program": crate::host::host_exec::Program,
        "kilnbox:plugin/host-exec.outcome": crate::host::exec::Outcome,
        "kilnbox:plugin/host-exec.script": crate::host::host_exec::Script,
    },
});
