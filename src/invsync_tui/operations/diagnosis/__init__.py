"""Why a listing shows what it shows, and the troubleshooting guide."""
