"""What every door needs: audiences, credentials, limits, bodies, problems; the frame of pages."""
