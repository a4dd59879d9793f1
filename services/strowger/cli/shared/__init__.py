"""What every command shares: where it acts, how it speaks, how it ends."""
