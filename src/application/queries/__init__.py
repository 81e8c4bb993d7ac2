"""Read-side questions and the rows that answer them."""
