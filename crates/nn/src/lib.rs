//! modiste-nn
