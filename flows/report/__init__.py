"""The figures of a run, as a page, in the terminal and in the Prefect UI."""
