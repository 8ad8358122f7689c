"""What fails around events: logs that keep no promise, messages that kill, disks that are full, power that goes."""
