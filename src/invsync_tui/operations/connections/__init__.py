"""Connections and the connectors behind them: tests, logins, webhooks, pages, and making a new connector."""
