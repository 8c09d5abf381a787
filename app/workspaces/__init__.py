"""One module per tab: which tasks, which panels, what may be dropped."""
