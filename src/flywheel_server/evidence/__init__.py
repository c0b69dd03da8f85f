"""Evidence: signed bundles, their chains, timestamps, exports."""
