//! End-to-end tests: the real companion, a real Chromium, a person's journeys.
