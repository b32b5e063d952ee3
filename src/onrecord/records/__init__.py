"""The tables of a release: their contract, how they are made, and how they are checked.

``schema`` reads the Table Schemas in ``schemas/`` and derives the Arrow schemas, ``assemble``
makes the tables from what the engine decided, ``validate`` checks every record against the
schemas, ``dictionary`` writes the data dictionary.
"""
