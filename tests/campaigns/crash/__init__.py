"""kill -9 of whatever runs, again and again, under load: nothing acknowledged is lost, and nothing is done twice."""
