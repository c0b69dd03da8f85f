"""A simulated fleet: appliances that talk to a server over real HTTP, as those in the field do.

It knows the server by its address and the wire contract alone: no module here imports the
server's database, actions or routes.
"""
