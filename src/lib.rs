//! modiste
