"""From a name and plain values to a part: which parts there are, what their values may be, whose code they are."""
