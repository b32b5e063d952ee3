"""Check tables against a Table Schema (v1 or v2), whole columns at a time.

For any Data Package with CSV or Parquet tables, not only our own. The report has the shape, the
error types and the row numbers of frictionless. One idea carries the speed: a *proof*, a Polars
expression, tells of most cells that they are right and what they mean; only cells that it can't
prove are read one by one, each distinct one once, by exact rules (`exact`). The same holds for
CSV: a piece of a file in which every quote is well placed is parsed as columns, any other piece
by Python's ``csv``, which decides what a damaged row means.
"""
