# A phone in a car or train: cell edges, handovers, now and then a lost cell. See the trace for the sources.
trace="lte-moving"
