"""What happens to leads, told to the team's other tools."""
