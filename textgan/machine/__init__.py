"""What a process has of its machine: memory, cores, the quickest products, other processes, random numbers."""
