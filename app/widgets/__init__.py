"""Everything reusable on the screen: it knows events and forms, and no method."""
