"""What the users do. A workload is a module with `async def work(cell)`; `ACCESSES = 2` if it needs a second access network."""
