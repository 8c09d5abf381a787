"""The windows: main window, start page, runs panel, settings, palette, drag-and-drop."""
