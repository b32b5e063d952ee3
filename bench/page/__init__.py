"""What a browser has to fetch to show a record of a large release, and what the page costs."""
