"""Right uses: no checker may complain about any line."""
