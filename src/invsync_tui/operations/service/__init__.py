"""The service: its loop, its log, its workers, the service manager."""
