"""What is sent to the terminal: cells, styles, and the difference between two frames."""
