"""Who may do what, and what browsers and foreign pages may not."""
