"""Settings as rows."""
