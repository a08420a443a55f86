"""The command `copydesk`: one command line over everything else."""
