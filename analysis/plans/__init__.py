"""From a law, speeds and a budget to formats, sizes and tokens: which scheme wins, and how probable that is."""
