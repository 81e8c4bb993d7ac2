"""The revisions, forward only. They do not import the tables: those go on changing, a revision does not."""
