"""Parameters of the flows, most of them options of the command line, too, and the words for each."""
