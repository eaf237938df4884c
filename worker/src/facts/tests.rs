//! Facts of this machine and of fixture trees that look like well-known distributions.
