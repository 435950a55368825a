//! The project file `shopctl.yaml`.
