"""How cost and memory grow with the input, on one machine, and what that means for more."""
