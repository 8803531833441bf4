"""Reports: functions from a document to a text, with no memory of their own. They read nothing else."""
