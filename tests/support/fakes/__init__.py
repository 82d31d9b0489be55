"""A store that is not there: connection, session and the answers of operations from memory."""
