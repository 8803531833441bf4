"""Words that the user says to jaxaudit in comments."""
