"""What several test modules need. No test is in here."""
