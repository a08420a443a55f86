"""The desk: a page for editors, on which they decide name flags and label suspected passages; and the reports beside it."""
