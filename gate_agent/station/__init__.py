"""What every kind of station shares: words of its process, its cases, its conductor's course, its records."""
