//! The first-party components, built from source and compiled ahead.
//!
//! `build.rs` makes them; the `cli` hands them to the sandbox under their names. Both forms are embedded, so that
//! one file is the whole product: the component itself, for its import list and digest, and the code compiled for
//! this machine with the settings of `kilnbox-wasm`, which starts without compiling.

/// A step that comes with Kilnbox.
#[derive(Clone, Copy)]
pub struct Component {
    /// As users write it in `type`.
    pub name: &'static str,
    /// `provisioner` or `post-processor`.
    pub kind: &'static str,
    /// The component.
    pub wasm: &'static [u8],
    /// The same, compiled. Aligned to a page of 4 KiB.
    pub ahead: &'static [u8],
}

impl std::fmt::Debug for Component {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Component")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

#[repr(C, align(4096))]
struct PageAligned<Bytes: ?Sized>(Bytes);

macro_rules! page_aligned {
    ($path:literal) => {{
        static ALIGNED: &PageAligned<[u8]> = &PageAligned(*include_bytes!($path));
        &ALIGNED.0
    }};
}

static COMPONENTS: &[Component] = include!(concat!(env!("OUT_DIR"), "/components.rs"));

/// All of them.
pub fn components() -> &'static [Component] {
    COMPONENTS
}
