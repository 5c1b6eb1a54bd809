"""Networks made of namespaces, veth pairs and `tc netem`. Nothing here knows of peers or workloads."""
