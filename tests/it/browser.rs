//! The pages as a person sees them, in a headless Chromium.
