"""The dashboard's pages: complete in the first answer, and readable without a script."""
