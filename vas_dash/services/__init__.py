"""What the page does: read the fleet, change a cell."""
