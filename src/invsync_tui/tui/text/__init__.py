"""Values as styled text."""
