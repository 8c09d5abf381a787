"""What users drop: recognise it, read it, say what is wrong with it."""
