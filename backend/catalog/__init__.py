"""What all clinics share: disciplines, techniques, regions, muscles, precautions, red flags and coded reasons."""
